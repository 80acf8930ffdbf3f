//! The checks of an evidence bundle, and the story that it tells.

catalogue! {
    CHECK_FORM: "the file is one canonical document of the version {version}",
        "文件是版本 {version} 的唯一规范形式";
    CHECK_HEAD: "the checkpoint is signed with the ledger's key",
        "检查点由账本密钥签名";
    CHECK_ENTRIES: "{count} entries are in the ledger {origin}, under this checkpoint of {size} entries",
        "{count} 条条目确实在账本 {origin} 中，受这个含 {size} 条条目的检查点约束";
    CHECK_ORDER: "each entry is in canonical form and in its order",
        "每条条目均为规范形式，次序正确";
    CHECK_ACT: "the act is the one whose digest the request carries",
        "该行为与请求中的摘要一致";
    CHECK_PLACE: "it was asked where the act says",
        "提出请求的位置与行为所述一致";
    CHECK_HELD: "the decision that held it is about this act",
        "将其挂起的裁决针对的正是该行为";
    CHECK_REQUESTER: "the requester is who the act says, by their record at that time, and had logged in",
        "请求人与行为所述一致（依当时的记录），且已登录";
    CHECK_POLICIES: "the policies are those that the act names, by their hash",
        "策略与行为所指的策略哈希一致";
    CHECK_END: "the request has one end, and it is about this act",
        "请求只有一个结局，且针对该行为";
    CHECK_ANSWER: "answer {number}: exactly this act was signed, with a key that was enrolled for that person and not revoked before",
        "答复 {number}：所签正是该行为，所用密钥已登记在该人名下，且此前未被吊销";
    CHECK_QUORUM: "the approvers are distinct, none is the requester, and they meet the quorum as the policies declare it",
        "批准人互不相同，均非请求人，并满足策略所声明的法定人数";
    CHECK_RECORDING: "the recording is a chain of segments without a gap",
        "录像是一条没有缺口的分段链";
    CHECK_FOLLOWED: "what followed from it is exactly what was signed",
        "由此产生的结果与所签内容完全一致";
    CHECK_TERMS: "the terms are those whose digest the ledger holds for this permit",
        "条款与账本中该许可的摘要一致";
    CHECK_HOLDER: "its holder is who the ledger says, by their record at that time, and had logged in",
        "持有人与账本一致（依当时的记录），且已登录";
    CHECK_USES: "every session, run, look, end and review that names it lies within its time and its terms",
        "每个会话、运行、查看、终止与审查均在其期限与条款之内";
    CHECK_NOTHING_RAN: "answers and times bear out why nothing ran",
        "答复与时间可以证实未执行的原因";
    CHECK_NOTHING_ELSE: "every part has its place, and nothing is left over",
        "每个部分各居其位，没有多余内容";
    CHECK_SEAL: "the ledger has sealed exactly this story",
        "账本封存的正是这段经过";
    STORY_CAME: "{at}  {who} logged in with {how}.",
        "{at}  {who} 以 {how} 登录。";
    STORY_ASKED: "{at}  Request {number}: {who} wanted to run on {target} ({labels}) as {account}: {run}. Effects: {effects}.",
        "{at}  请求 {number}：{who} 想在 {target}（{labels}）上以 {account} 身份执行：{run}。效果：{effects}。";
    STORY_ASKED_FOR: "{at}  Request {number}: {who} asked for {kind}: {summary}. Effects: {effects}.",
        "{at}  请求 {number}：{who} 申请 {kind}：{summary}。效果：{effects}。";
    STORY_HELD: "It was held by {rules}.",
        "它被 {rules} 挂起。";
    STORY_NEEDS: "Under the policies {policy} it needed the quorum {quorums}, until {until}.",
        "依策略 {policy}，须满足法定人数 {quorums}，期限 {until}。";
    STORY_APPROVED: "{at}  {who} approved it with the key {key} (device: {device}; enrolled {enrolled}; revoked later: {revoked}).",
        "{at}  {who} 以密钥 {key} 批准（设备：{device}；登记于 {enrolled}；其后吊销：{revoked}）。";
    STORY_DENIED: "{at}  {who} denied it with the key {key} (device: {device}; enrolled {enrolled}; revoked later: {revoked}).",
        "{at}  {who} 以密钥 {key} 否决（设备：{device}；登记于 {enrolled}；其后吊销：{revoked}）。";
    STORY_DENIED_BARE: "{at}  {who} denied it with the key {key}. Only the entry is there; what was signed was not kept.",
        "{at}  {who} 以密钥 {key} 否决。仅有账本条目，签名内容未留存。";
    STORY_GRANTED: "{at}  The quorum {quorum} ({clauses}) was met, and the request was used up: it ran, once.",
        "{at}  法定人数 {quorum}（{clauses}）已满足，请求就此用尽：执行了一次。";
    STORY_GRANTED_FOR: "{at}  The quorum {quorum} ({clauses}) was met, and the request was used up: it took effect, once.",
        "{at}  法定人数 {quorum}（{clauses}）已满足，请求就此用尽：生效了一次。";
    STORY_PERMIT: "{at}  The permit {permit} ({kind}) began, until {until}.",
        "{at}  许可 {permit}（{kind}）开始，期限 {until}。";
    STORY_DECLARED: "{at}  {who} began the permit {permit} ({kind}) for {scope}, without anybody's signature, until {until}. Reason: {reason}.",
        "{at}  {who} 未经他人签署开始许可 {permit}（{kind}），范围 {scope}，期限 {until}。理由：{reason}。";
    STORY_VISIT: "{at}  {who} opened the session {session} on {target} as {account}.",
        "{at}  {who} 在 {target} 上以 {account} 身份打开会话 {session}。";
    STORY_ACT: "{at}  In it: {act}, {verdict}; effects: {effects}; request: {request}.",
        "{at}  其中：{act}，裁决 {verdict}；效果：{effects}；请求：{request}。";
    STORY_VIEWED: "{at}  They looked at the recording of the session {session}.",
        "{at}  其查看了会话 {session} 的录像。";
    STORY_UNUSED: "It was not used up to when this was made.",
        "截至制作本文件时未曾使用。";
    STORY_PERMIT_ENDED: "{at}  The permit ended: {why}; by: {who}.",
        "{at}  许可终止：{why}；操作人：{who}。";
    STORY_PERMIT_RUNS: "No end of the permit was on the record when this was made.",
        "制作本文件时尚无该许可终止的记录。";
    STORY_REVIEWED: "{at}  {who} reviewed it and closed the review.",
        "{at}  {who} 完成审查并结案。";
    STORY_REVIEW_OPEN: "Its review was still open when this was made.",
        "制作本文件时审查尚未结案。";
    STORY_ROW: "{at}  {kind} {id} changed: {difference}.",
        "{at}  {kind} {id} 已变更：{difference}。";
    STORY_ROW_SECRET: "{at}  {kind} {id} changed. Its content is secret.",
        "{at}  {kind} {id} 已变更，其内容保密。";
    STORY_RECORDED: "Session {session} is recorded in {segments} segments with {bytes} bytes.",
        "会话 {session} 的录像共 {segments} 段，{bytes} 字节。";
    STORY_CLOSED: "{at}  The session ended: {outcome}.",
        "{at}  会话结束：{outcome}。";
    STORY_STILL_OPEN: "The session had not ended when this was made.",
        "制作本文件时会话尚未结束。";
    STORY_END_DENIED: "{at}  So it was denied, and nothing of it ran.",
        "{at}  因此被否决，未执行任何部分。";
    STORY_END_EXPIRED: "{at}  Its time was over, and nothing of it ran.",
        "{at}  期限已过，未执行任何部分。";
    STORY_END_ABANDONED: "{at}  The requester gave it up or left, and nothing of it ran.",
        "{at}  请求人已放弃或离开，未执行任何部分。";
    STORY_END_REFUSED: "{at}  Policies, people or the target had changed, so it was refused, and nothing of it ran.",
        "{at}  策略、人员或目标已变更，因此被拒绝，未执行任何部分。";
    NOT_OVER_YET: "refused: request {request} still waits; its evidence can be made once it has ended",
        "已拒绝：请求 {request} 仍在等待，结束之后才能制作证据";
    EVIDENCE_OF_REQUEST: "refused: the permit {permit} follows from the request {request}; ask for its evidence: evidence {request}",
        "已拒绝：许可 {permit} 由请求 {request} 产生，请索取该请求的证据：evidence {request}";
    EVIDENCE_VALID: "VALID: all of this is borne out by the ledger.",
        "有效：以上内容均有账本为证。";
    EVIDENCE_INVALID: "NOT VALID: {check}: {why}",
        "无效：{check}：{why}";
    EVIDENCE_UNREADABLE: "UNREADABLE: {why}",
        "无法读取：{why}";
    RESTS_CHECKPOINT: "It is under the checkpoint that you kept.",
        "它处于您留存的检查点之下。";
    RESTS_COPY: "{count} of its entries are the same in the copy of the ledger that you gave.",
        "其中 {count} 条条目与您提供的账本副本相同。";
    LIMIT_AFTERWARDS: "That there was no other entry, such as an earlier revocation, rests on the seal: the ledger's word. `countersign ledger verify` shows it from the whole ledger.",
        "“没有其他条目”（例如更早的吊销）以封存条目为凭，即账本的声明；以完整账本运行 `countersign ledger verify` 可予证实。";
    LIMIT_KEY: "All of it rests on the public key of {origin} that you gave. Whoever holds the private one can sign another history: compare with a copy of the ledger that was kept elsewhere (--ledger), or with a checkpoint (--checkpoint).",
        "以上全部以您提供的 {origin} 公钥为凭。持有私钥者可以签出另一段历史：请与保存在别处的账本副本（--ledger）或检查点（--checkpoint）比对。";
}
