//! What administrators and those whom they change read.

catalogue! {
    NO_CEREMONY_YET: "The administrators are not enrolled yet: whoever runs the gateway changes things on its host, until countersign init enrols the three.",
        "管理员尚未登记：在 countersign init 登记三位管理员之前，由运行网关的人在其主机上进行更改。";
    NOT_RESPONSIBLE: "{change} is a change for {group}, which you are not in.",
        "{change} 属于 {group} 的职责，而您不在该组中。";
    CHANGE_WAITS: "The change waits as request {request} until {until} for {needs}:\n{diff}",
        "更改已作为请求 {request} 等待签署，截止 {until}，需要 {needs}：\n{diff}";
    CHANGE_APPLIED: "applied: {change}", "已生效：{change}";
    CHANGE_REFUSED: "The change is refused: {why}", "更改被拒绝：{why}";
    CHANGED_MEANWHILE: "what it would change, or who must agree to it, has become another since it was proposed; propose it again",
        "自提出以来，要更改的内容或需要同意的人已经不同；请重新提出";
}
