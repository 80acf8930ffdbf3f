//! The desk: its commands, its menu, and how sessions are ended.

catalogue! {
    DESK_HELP: "Countersign. You are {person}. Commands (COMMAND --help says more):\n  requests [--all]                     what waits for you, and your own requests\n  show N [--statement approve|deny]    a request in full; the statement to sign\n  approve N, deny N                    answer it; the signature on standard input\n  watch N                              follow it until it is over\n  request access TARGET --for 2h --reason WHY [--account A] [--ticket T]\n  request runbook NAME --target T --account A --for 7d --reason WHY < SCRIPT\n  request replay SESSION --reason WHY\n  grants [--all], revoke N             permits\n  sessions [--all], kill SESSION --reason WHY, replay SESSION, search TEXT\n  emergency declare TARGET --for 30m --reason WHY, emergency review N --reason WHY, emergency list\n  ticket DATABASE [--account A] [--for 8h], certificate [--for 8h] < REQUEST, certificates, certificate revoke ID\n  keys [challenge|add|remove KEY], consent, targets, change, report access [--mine], retention, holds, help\nTo work on a target: ssh {person}+ACCOUNT@TARGET@GATEWAY",
        "Countersign。您是 {person}。命令（COMMAND --help 查看详情）：\n  requests [--all]                     等待您处理的请求，以及您自己的请求\n  show N [--statement approve|deny]    完整显示请求；显示待签署的声明\n  approve N, deny N                    答复请求；签名从标准输入读取\n  watch N                              跟踪请求直至结束\n  request access 目标 --for 2h --reason 理由 [--account 账户] [--ticket 工单]\n  request runbook 名称 --target 目标 --account 账户 --for 7d --reason 理由 < 脚本\n  request replay 会话 --reason 理由\n  grants [--all], revoke N             许可\n  sessions [--all], kill 会话 --reason 理由, replay 会话, search 文本\n  emergency declare 目标 --for 30m --reason 理由, emergency review N --reason 理由, emergency list\n  ticket DATABASE [--account A] [--for 8h], certificate [--for 8h] < REQUEST, certificates, certificate revoke ID\n  keys [challenge|add|remove KEY], consent, targets, change, report access [--mine], retention, holds, help\n登录目标：ssh {person}+ACCOUNT@TARGET@GATEWAY";
    RETENTION_NOT_YOURS: "refused: retention and legal holds are shown to audit administrators",
        "已拒绝：保留期限和法律保全仅向审计管理员显示";
    RETENTION_DAYS: "Recordings are kept for {days} days after the end of their session, and two days longer.",
        "录像在会话结束后保留 {days} 天，另加两天。";
    RETENTION_UNEXPLAINED: "The retention in the database is not what the ledger says: nothing is erased.",
        "数据库中的保留期限与账本不符：不会清除任何录像。";
    RETENTION_CLOCK: "Time has leapt, or the gateway was off for long: nothing is erased until audit administrators agree on the day (setting clock-confirmed). The clock says {now}.",
        "时间发生跳变，或网关停机过久：在审计管理员确认日期（设置 clock-confirmed）之前不会清除任何录像。时钟显示 {now}。";
    RETENTION_NUMBERS: "open: {open}, kept: {kept} (the oldest ended {oldest}), erased: {erased}",
        "进行中：{open}，保留中：{kept}（最早结束于 {oldest}），已清除：{erased}";
    ERASED_HEADER: "ERASED                            AT",
        "已清除                            时间";
    HOLDS_HEADER: "HELD                              WHY",
        "保全对象                          理由";
    NO_HOLDS: "there are no legal holds", "没有法律保全";
    REPLAY_ERASED: "refused: the recording of session {session} was erased on {at}, after its retention; what the ledger says of it stays",
        "已拒绝：会话 {session} 的录像已于 {at} 在保留期满后清除；账本中的记录仍然保留";
    REPORT_NOT_YOURS: "refused: the report on everybody is for security and audit administrators; yours: report access --mine",
        "已拒绝：全员报告仅供安全管理员和审计管理员使用；查看您自己的：report access --mine";
    REPORT_HEAD: "Access on {at}, under policies {policies}. Each person is judged at this moment, with a fresh code and the best of their keys, at the address that they last came from. UNUSED: not for {days} days. A number after the rules is that of the permit without which they would not allow it.",
        "{at} 的访问权限，策略 {policies}。每个人均按此刻、刚通过验证码、使用其最佳密钥、从其最近的来源地址进行判定。“未使用”：{days} 天内未使用。规则后的编号是许可编号，没有该许可则不允许。";
    REPORT_PLACES: "WHO        STATE      WHERE                  WHY                          UNTIL                 LAST USED",
        "何人       状态       何处                   依据                         截止                  最近使用";
    REPORT_KEYS: "WHO        KEY                                                  DEVICE       EXPIRES                LAST USED",
        "何人       密钥                                                 设备         到期                   最近使用";
    REPORT_UNUSED: "UNUSED", "未使用";
    CONNECTION_ENDS: "countersign: this ends here, and nothing more will cross. {why}",
        "countersign：到此结束，不再传输任何数据。{why}";
    GRACE_OVER: "The database of Countersign has not answered for too long.",
        "Countersign 的数据库长时间没有响应。";
    SESSION_ENDED: "Somebody ended the session.",
        "有人终止了该会话。";
    SESSION_KILLED: "session {session} of {person} on {target} is ended",
        "会话 {session}（{person}，{target}）已终止";
    NO_SESSION: "refused: there is no session {session} that you may end",
        "已拒绝：没有您可以终止的会话 {session}";
    SESSION_OVER_ALREADY: "refused: session {session} is over already",
        "已拒绝：会话 {session} 已经结束";
    WATCH_HEAD: "request {request} of {who} on {target}: {run}\n  needs {needs}, until {until}",
        "请求 {request}，申请人 {who}，目标 {target}：{run}\n  需要 {needs}，截止 {until}";
    WATCH_OVER: "request {request} is over: {state}",
        "请求 {request} 已结束：{state}";
    SHOW_TERMS: "exactly this is asked for:",
        "申请的确切内容：";
    PERMITS_HEADER: "PERMIT   KIND       HOLDER    UNTIL                    ENDED                    TERMS",
        "许可     类型       持有人    截止                     结束                     条款";
    NO_PERMITS: "there are no permits that you may see",
        "没有您可以查看的许可";
    SESSIONS_HEADER: "SESSION                           OPENED                WHO       WHERE                ENDED",
        "会话                              开始                  何人      何处                 结束";
    NO_SESSIONS: "there are no sessions that you may see",
        "没有您可以查看的会话";
    REPLAY_AT_DOOR: "refused: a recording is played over SSH: ssh PERSON@GATEWAY replay {session}",
        "已拒绝：录像通过 SSH 播放：ssh PERSON@GATEWAY replay {session}";
    REPLAY_NONE: "refused: there is no readable recording of session {session}",
        "已拒绝：会话 {session} 没有可读取的录像";
    REPLAY_BROKEN: "countersign: the recording cannot be read any further",
        "countersign：录像无法继续读取";
    SEARCH_AT_DOOR: "refused: recordings are searched over SSH: ssh PERSON@GATEWAY search …",
        "已拒绝：录像通过 SSH 搜索：ssh PERSON@GATEWAY search …";
    SEARCH_DONE: "{found} statements found in {sessions} sessions that were looked through; each look is on the record",
        "在已查看的 {sessions} 个会话中找到 {found} 条语句；每次查看均已记录";
    SEARCH_CUT: "there may be more, also in older sessions: narrow the search with --target, --person or --last",
        "可能还有更多结果，包括更早的会话：请用 --target、--person 或 --last 缩小范围";
    SEARCH_UNREAD: "{sessions} sessions have no readable recording, or are not written whole yet",
        "{sessions} 个会话没有可读取的录像，或录像尚未写完";
    MENU_HEAD: "Countersign. You are {person}.",
        "Countersign。您是 {person}。";
    MENU_ITEMS: "  1  Requests that wait: look at one, or follow it\n  2  Your requests, the recent ones too\n  3  Permits: yours, and those that you may end\n  4  Targets that you reach\n  5  Ask for access\n  6  Sessions: end one\n  7  Help\n  0  Quit",
        "  1  等待答复的请求：查看或跟踪\n  2  您的请求，包括最近的\n  3  许可：您的，以及您可以终止的\n  4  您可以访问的目标\n  5  申请访问\n  6  会话：终止会话\n  7  帮助\n  0  退出";
    MENU_PROMPT: "number: ", "编号：";
    MENU_UNKNOWN: "there is no {typed} here", "没有 {typed} 这一项";
    MENU_REQUEST: "number of a request, or Enter: ", "请求编号，或按回车：";
    MENU_FOLLOW: "w to follow it, or Enter: ", "输入 w 跟踪，或按回车：";
    MENU_PERMIT: "number of a permit to end, or Enter: ", "要终止的许可编号，或按回车：";
    MENU_SESSION: "session to end, or Enter: ", "要终止的会话，或按回车：";
    MENU_TARGET: "target: ", "目标：";
    MENU_ACCOUNT: "account (Enter: any that the policies give): ", "账户（回车：策略允许的任何账户）：";
    MENU_TIME: "for how long, e.g. 45m or 2h: ", "时长，例如 45m 或 2h：";
    MENU_REASON: "why: ", "理由：";
    MENU_TICKET: "ticket (Enter: none): ", "工单（回车：无）：";
    MENU_MORE: "-- more: Enter; back: q -- ", "-- 更多：回车；返回：q -- ";
    MENU_BYE: "bye", "再见";
    KEYS_HEADER: "KEY                                                  DEVICE       EXPIRES                  LAST USED",
        "密钥                                                 设备         到期                     最近使用";
    KEY_UNREADABLE: "refused: that is no public key: {why}",
        "已拒绝：这不是公钥：{why}";
    KEY_NO_CHALLENGE: "refused: standard input is not a challenge for you with a signature; make one: ssh GATEWAY keys challenge < NEW.pub > c; ssh-keygen -Y sign -n countersign-key -f NEW c; cat c c.sig | ssh GATEWAY keys add",
        "已拒绝：标准输入不是给您的质询及其签名；请按如下生成：ssh GATEWAY keys challenge < NEW.pub > c; ssh-keygen -Y sign -n countersign-key -f NEW c; cat c c.sig | ssh GATEWAY keys add";
    KEY_NOT_YOURS: "refused: you have no key {key}",
        "已拒绝：您没有密钥 {key}";
    KEY_IS_LAST: "refused: {key} is your last key that lets you in. Bring another first (keys challenge, keys add); if you have lost it, or somebody else has it, let a security administrator suspend or recover you",
        "已拒绝：{key} 是您最后一个可登录的密钥。请先添加另一个（keys challenge、keys add）；如已丢失或落入他人之手，请让安全管理员暂停或恢复您的账户";
    NO_KEYS: "you have no keys", "您没有密钥";
}
