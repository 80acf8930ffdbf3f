//! What notices to channels and mailboxes say.

catalogue! {
    TOLD_REQUEST_MADE: "Countersign: request {request} by {requester} waits for signatures",
        "Countersign：{requester} 的请求 {request} 等待签名";
    TOLD_REQUEST_DECIDED: "Countersign: {by} answered {answer} to request {request} by {requester}",
        "Countersign：{by} 对 {requester} 的请求 {request} 答复 {answer}";
    TOLD_REQUEST_ENDED: "Countersign: request {request} by {requester} is over: {state}",
        "Countersign：{requester} 的请求 {request} 已结束：{state}";
    TOLD_PERMIT_BEGAN: "Countersign: permit {permit} ({kind}) of {holder} began",
        "Countersign：{holder} 的许可 {permit}（{kind}）已开始";
    TOLD_PERMIT_ENDED: "Countersign: permit {permit} ({kind}) of {holder} ended: {why}",
        "Countersign：{holder} 的许可 {permit}（{kind}）已结束：{why}";
    TOLD_EMERGENCY: "Countersign: EMERGENCY declared by {holder} (permit {permit})",
        "Countersign：{holder} 已宣布紧急状态（许可 {permit}）";
    TOLD_EMERGENCY_REVIEWED: "Countersign: {by} closed the review of emergency {permit} of {holder}",
        "Countersign：{by} 已完成对 {holder} 的紧急许可 {permit} 的复核";
    TOLD_ALERT: "Countersign: ALERT",
        "Countersign：警报";
    TOLD_SUSPENDED: "Countersign: {person} was suspended by {by}",
        "Countersign：{person} 已被 {by} 停用";
    TOLD_KEY_ENROLLED: "Countersign: a key was enrolled for {person}",
        "Countersign：已为 {person} 登记密钥";
    TOLD_KILLED: "Countersign: {by} ended a session of {person} on {target}",
        "Countersign：{by} 结束了 {person} 在 {target} 上的会话";
    TOLD_LOCKED_OUT: "Countersign: too many wrong guesses, logins as {person} are locked",
        "Countersign：猜测次数过多，{person} 的登录已锁定";
    TOLD_LOCKED_OUT_NOBODY: "Countersign: too many wrong guesses for a name that nobody has",
        "Countersign：对一个不存在的用户名猜测次数过多";
    TOLD_TEST: "Countersign: this is a test",
        "Countersign：这是一条测试通知";
    TOLD_OTHER: "Countersign: {event}",
        "Countersign：{event} 事件";
    FACT_TARGET: "target: {value}", "目标：{value}";
    FACT_LABELS: "labels: {value}", "标签：{value}";
    FACT_ACCOUNT: "account: {value}", "账户：{value}";
    FACT_EFFECTS: "effects: {value}", "影响：{value}";
    FACT_PROGRAM: "program: {value}", "程序：{value}";
    FACT_COMMAND: "command: {value}", "命令：{value}";
    FACT_SUMMARY: "asks for: {value}", "申请内容：{value}";
    FACT_QUORUMS: "needs: {value}", "需要：{value}";
    FACT_EXPIRES: "lapses: {value}", "失效时间：{value}";
    FACT_SCOPE: "covers: {value}", "范围：{value}";
    FACT_UNTIL: "until: {value}", "截至：{value}";
    FACT_REQUEST: "request: {value}", "请求：{value}";
    FACT_BY: "by: {value}", "操作人：{value}";
    FACT_REASON: "reason: {value}", "理由：{value}";
    FACT_SOURCE: "from: {value}", "来源：{value}";
    FACT_KEY: "key: {value}", "密钥：{value}";
    FACT_SESSION: "session: {value}", "会话：{value}";
    FACT_WHAT: "what: {value}", "内容：{value}";
    NOTICE_LOOK: "Look at it before you sign: ssh GATEWAY show {request}",
        "签名之前请先查看：ssh GATEWAY show {request}";
    NOTICE_CUT: "… and {n} characters more, which this channel has no room for",
        "……其余 {n} 个字符超出本渠道的长度限制";
}
