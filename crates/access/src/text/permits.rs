//! Time-limited access, runbooks, emergencies and looks at recordings.

catalogue! {
    REQUESTER_GONE: "who asked for it is suspended or gone", "申请人已被暂停或已离开";
    CLAIMED_ALREADY: "The quorum was met by another signature at the same moment.", "同一时刻另一签名已达到法定人数。";
    PERMIT_BEGAN: "permit {permit} begins now and ends by itself at {until}",
        "许可 {permit} 现在生效，将于 {until} 自动结束";
    ASKED: "request {request} waits: {summary}\n  needs      {needs}\n  until      {until}, then it lapses\n  approvers  ssh GATEWAY show {request}",
        "请求 {request} 等待中：{summary}\n  需要      {needs}\n  截止      {until}，逾期失效\n  审批人    ssh GATEWAY show {request}";
    SUMMARY_ACCESS: "access to {where} as {account}, level {level}, for {span}; reason: {reason}; ticket: {ticket}",
        "以 {account} 身份访问 {where}，级别 {level}，时长 {span}；理由：{reason}；工单：{ticket}";
    SUMMARY_RUNBOOK: "runs of {name} on {where} as {account}, level {level}, for {span}; reason: {reason}; ticket: {ticket}; script sha256:{sha256}: {script}",
        "在 {where} 上以 {account} 身份运行 {name}，级别 {level}，时长 {span}；理由：{reason}；工单：{ticket}；脚本 sha256:{sha256}：{script}";
    SUMMARY_REPLAY: "looks at the recording of session {session} on {where} as {account}, for {span}; reason: {reason}",
        "查看会话 {session} 的录像（{where}，账户 {account}），时长 {span}；理由：{reason}";
    NOWHERE: "refused: there is no target {scope} that you could ask for",
        "已拒绝：没有可申请的目标 {scope}";
    WHICH_ACCOUNT: "refused: name one account with --account; there are: {accounts}",
        "已拒绝：请用 --account 指定一个账户；可选：{accounts}";
    SEVERAL_LEVELS: "refused: these targets have different assurance levels; ask for each level by itself",
        "已拒绝：这些目标的保证级别不同；请按级别分别申请";
    NO_COMMON_QUORUM: "refused: these targets need different people; ask for each by itself",
        "已拒绝：这些目标需要不同的审批人；请分别申请";
    REASON_LENGTH: "refused: give a reason of 1 to 500 bytes and a ticket of at most 100, each in one line",
        "已拒绝：理由须为 1 至 500 字节，工单号最多 100 字节，且均不得换行";
    DURATION_BOUNDS: "refused: ask for 1 minute to 90 days; policies may allow less",
        "已拒绝：时长须为 1 分钟至 90 天；策略可能要求更短";
    NO_PERMIT: "refused: there is no permit {permit} that you may end",
        "已拒绝：没有您可以结束的许可 {permit}";
    PERMIT_OVER: "permit {permit} is over", "许可 {permit} 已结束";
    PERMIT_SOON: "countersign: your access here ends in {minutes} min; this session ends then",
        "countersign：您在此处的访问将在 {minutes} 分钟后结束，届时本会话将终止";
    PERMIT_GONE: "countersign: what let you be here is over ({target} as {account}), so this session ends",
        "countersign：允许您在此处（{target}，账户 {account}）的许可已结束，本会话终止";
    NO_RUNBOOK: "refused: there is no runbook {name} that you may run here as this account now. It may have ended, been revoked, or lost an approver; ask again: request runbook",
        "已拒绝：目前没有您可以在此以该账户运行的 runbook {name}。它可能已结束、被撤销，或其审批人已失效；请重新申请：request runbook";
    SEVERAL_RUNBOOKS: "refused: several runbooks are called {name}; run one by its number: runbook NUMBER …: {permits}",
        "已拒绝：有多个名为 {name} 的 runbook；请按编号运行：runbook NUMBER …：{permits}";
    RUNBOOK_WRONG: "refused: runbook {name}: {why}. Nothing was run.",
        "已拒绝：runbook {name}：{why}。未执行任何操作。";
    RUNBOOK_NOT_ENOUGH: "refused: runbook {name}: with these values it does more than its approvals cover ({effects}). Nothing was run.",
        "已拒绝：runbook {name}：使用这些值时其行为超出批准范围（{effects}）。未执行任何操作。";
    RUNBOOK_APPROVED: "countersign: runbook {name} under permit {permit}",
        "countersign：runbook {name}，许可 {permit}";
    EMERGENCY_BEGAN: "EMERGENCY {permit} is declared for {scope} until {until}. Everybody configured was told; somebody else must review it afterwards.",
        "已宣布紧急状态 {permit}（{scope}），截止 {until}。已通知所有配置的接收人；事后须由他人复核。";
    EMERGENCY_LENGTH: "refused: an emergency lasts 1 to {most} minutes",
        "已拒绝：紧急状态时长为 1 至 {most} 分钟";
    EMERGENCY_UNREVIEWED: "refused: emergency {permit} of yours still waits for its review; ask one of {reviewers}",
        "已拒绝：您的紧急状态 {permit} 尚未复核；请联系 {reviewers} 的成员";
    EMERGENCY_ALREADY: "refused: emergency {permit} of yours is still on", "已拒绝：您的紧急状态 {permit} 仍在进行中";
    NO_EMERGENCY: "refused: there is no emergency {permit} that waits for a review by you",
        "已拒绝：没有等待您复核的紧急状态 {permit}";
    EMERGENCY_NOT_OVER: "refused: emergency {permit} is not over yet", "已拒绝：紧急状态 {permit} 尚未结束";
    EMERGENCY_INVOLVED: "refused: you approved something in emergency {permit}; somebody else must review it",
        "已拒绝：您在紧急状态 {permit} 期间批准过操作，须由他人复核";
    EMERGENCY_REVIEWED: "emergency {permit} is reviewed", "紧急状态 {permit} 已复核";
    NO_SUCH_SESSION: "refused: there is no session {session} whose recording you may see",
        "已拒绝：没有您可以查看录像的会话 {session}";
    REPLAY_NEEDS_PEOPLE: "refused: this recording is sensitive, and others must agree first: request replay {session} --reason …",
        "已拒绝：该录像敏感，须先经他人同意：request replay {session} --reason …";
    WITHDRAWN: "request {request} is given up", "请求 {request} 已放弃";
}
