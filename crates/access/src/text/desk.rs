//! The desk: its commands, its menu, and how sessions are ended.

catalogue! {
    DESK_HELP: "Countersign. You are {person}. Commands (COMMAND --help says more):\n  requests [--all]                     what waits for you, and your own requests\n  show N [--statement approve|deny]    a request in full; the statement to sign\n  approve N, deny N                    answer it; the signature on standard input\n  watch N                              follow it until it is over\n  request access TARGET --for 2h --reason WHY [--account A] [--ticket T]\n  request runbook NAME --target T --account A --for 7d --reason WHY < SCRIPT\n  request replay SESSION --reason WHY\n  grants [--all], revoke N             permits\n  sessions [--all], kill SESSION --reason WHY, replay SESSION\n  emergency declare TARGET --for 30m --reason WHY, emergency review N --reason WHY, emergency list\n  keys, consent, targets, change, report access, help\nTo work on a target: ssh {person}+ACCOUNT@TARGET@GATEWAY",
        "Countersign。您是 {person}。命令（COMMAND --help 查看详情）：\n  requests [--all]                     等待您处理的请求，以及您自己的请求\n  show N [--statement approve|deny]    完整显示请求；显示待签署的声明\n  approve N, deny N                    答复请求；签名从标准输入读取\n  watch N                              跟踪请求直至结束\n  request access 目标 --for 2h --reason 理由 [--account 账户] [--ticket 工单]\n  request runbook 名称 --target 目标 --account 账户 --for 7d --reason 理由 < 脚本\n  request replay 会话 --reason 理由\n  grants [--all], revoke N             许可\n  sessions [--all], kill 会话 --reason 理由, replay 会话\n  emergency declare 目标 --for 30m --reason 理由, emergency review N --reason 理由, emergency list\n  keys, consent, targets, change, report access, help\n登录目标：ssh {person}+ACCOUNT@TARGET@GATEWAY";
    DESK_NOT_YET: "refused: this gateway does not do that yet",
        "已拒绝：本网关尚不支持此操作";
    CONNECTION_ENDS: "countersign: this ends here, and nothing more will cross. {why}",
        "countersign：到此结束，不再传输任何数据。{why}";
    SESSION_ENDED: "Somebody ended the session.",
        "有人终止了该会话。";
    SESSION_KILLED: "session {session} of {person} on {target} is ended",
        "会话 {session}（{person}，{target}）已终止";
    NO_SESSION: "refused: there is no session {session} that you may end",
        "已拒绝：没有您可以终止的会话 {session}";
    SESSION_OVER_ALREADY: "refused: session {session} is over already",
        "已拒绝：会话 {session} 已经结束";
}
