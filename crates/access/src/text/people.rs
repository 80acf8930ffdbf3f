//! Consent, enrolment, codes and keys.

catalogue! {
    ACCOUNT_EXPIRED: "refused: your account expired on {since}. Ask a security administrator.",
        "已拒绝：您的账户已于 {since} 到期。请联系安全管理员。";
    KEY_EXPIRED: "refused: the key that you came in with ({key}) expired on {since}. Connect with another, or ask a security administrator.",
        "已拒绝：您登录所用的密钥（{key}）已于 {since} 到期。请改用其他密钥，或联系安全管理员。";
    CONSENT_OWED: "refused: accept the notice about recording first. Read it with `ssh {person}@GATEWAY consent`, accept it with `ssh {person}@GATEWAY consent accept {version}`.",
        "已拒绝：请先接受录制须知。查看：`ssh {person}@GATEWAY consent`；接受：`ssh {person}@GATEWAY consent accept {version}`。";
    CONSENT_HOW: "You have not accepted this notice. Accept it with `ssh {person}@GATEWAY consent accept {version}`.",
        "您尚未接受本须知。接受请执行 `ssh {person}@GATEWAY consent accept {version}`。";
    CONSENT_GIVEN: "{person} has accepted the notice about recording, version {version}.",
        "{person} 已接受录制须知，版本 {version}。";
    CONSENT_OTHER: "refused: this is not the notice that is in force; it may have changed since you read it. Read it again with `ssh {person}@GATEWAY consent`.",
        "已拒绝：这不是现行的须知，可能在您阅读之后已更改。请重新查看：`ssh {person}@GATEWAY consent`。";
    CONSENT_NONE: "This gateway asks nobody to accept a notice.",
        "本网关不要求接受须知。";
    CONSENT_PROMPT: "Type accept (or 同意) if you agree: ",
        "如同意，请输入 accept 或 同意：";
    ENROL_OVER: "refused: this code cannot be used any more. Nothing was enrolled; ask a security administrator for another.",
        "已拒绝：该登记码已不能使用。未登记任何内容；请向安全管理员申请新的登记码。";
    ENROL_KEY_TAKEN: "refused: key {key} is enrolled already. Nothing was enrolled and the code is still good; connect again with another key.",
        "已拒绝：密钥 {key} 已被登记。未登记任何内容，登记码仍然有效；请使用其他密钥重新连接。";
    ENROLLED: "Enrolled: {key} for {person}. Connect with it from now on: ssh {person}@GATEWAY",
        "已登记：{person} 的密钥 {key}。今后请使用该密钥连接：ssh {person}@GATEWAY";
    ENROL_NAME: "Your name: ", "您的用户名：";
    ENROL_FIRST: "First half of the code: ", "登记码前半部分：";
    ENROL_SECOND: "Second half of the code: ", "登记码后半部分：";
    ENROL_ONLY: "refused: `enrol` can do nothing but enrol a key: ssh -t enrol@GATEWAY, without a command",
        "已拒绝：`enrol` 只能用于登记密钥：ssh -t enrol@GATEWAY，不带命令";
    ENROL_SEED: "Key {key} will be enrolled for {person}.\nAdd this account to your authenticator:\n\n{picture}\n  {uri}\n  {seed}\n",
        "将为 {person} 登记密钥 {key}。\n请在身份验证器中添加此账户：\n\n{picture}\n  {uri}\n  {seed}\n";
    ENROL_CONFIRM: "Code that the authenticator shows: ", "身份验证器显示的验证码：";
    ENROL_WRONG: "That is not the code of this account. Check the time on your device and try again.",
        "验证码不正确。请检查设备时间后重试。";
    ENROL_RECOVERY: "Write these recovery codes down. Each stands in for one verification code, once:\n\n{codes}\n",
        "请记下以下恢复码。每个恢复码可代替一次验证码，仅限一次：\n\n{codes}\n";
    ENROL_DONE: "Type done when you have them: ", "记好后请输入 done：";
    ENROL_LEFT: "Nothing was enrolled; the code is still good.", "未登记任何内容；登记码仍然有效。";
    ENROL_DEVICE: "Evidence of its device (a certificate's line, or 'attestation' with two words of base64), or nothing: ",
        "设备凭据（一行证书，或 attestation 加两段 base64），没有则直接回车：";
    ENROL_DEVICE_NO: "The key does not count as bound to a device: {why}",
        "该密钥不视为与设备绑定：{why}";
    ENROL_DEVICE_YES: "The key counts as bound to a device.", "该密钥视为与设备绑定。";
    CODE_FIRST: "First half of the enrolment code, for the person and nobody else: {half}\nIt is good once the others have signed; the last of them has the second half.",
        "登记码前半部分（仅限交给本人）：{half}\n其他人签署之后生效；最后签署者持有后半部分。";
    CODE_SECOND: "Second half of the enrolment code, for the person and nobody else, within {minutes} minutes: {half}\nThey run: ssh -t enrol@GATEWAY",
        "登记码后半部分（仅限交给本人，{minutes} 分钟内有效）：{half}\n本人执行：ssh -t enrol@GATEWAY";
}
