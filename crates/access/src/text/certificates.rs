//! Client certificates: how they are asked for, listed and ended, and what a client is told that shows one.

catalogue! {
    CERTIFICATE_BOUNDS: "refused: a certificate counts for 1 minute to {hours} hours",
        "已拒绝：证书的有效期须为 1 分钟至 {hours} 小时";
    CERTIFICATE_REQUEST: "refused: the request for a certificate cannot be used: {why}. Make one: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -subj /CN=me",
        "已拒绝：证书请求不可用：{why}。请这样生成：openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -subj /CN=me";
    NO_CLIENT_AUTHORITY: "refused: this gateway signs no client certificates; its configuration names no databases.client_authority_key",
        "已拒绝：本网关不签发客户端证书；其配置未指定 databases.client_authority_key";
    CERTIFICATES_HEADER: "CERTIFICATE        EXPIRES                ASKED FOR FROM                           BY",
        "证书               到期                   申请来源                                 凭据";
    NO_CERTIFICATES: "you have no certificates", "您没有证书";
    NO_SUCH_CERTIFICATE: "refused: you have no certificate {id}, or more than one begins like that. See: certificates",
        "已拒绝：您没有证书 {id}，或有多个证书以此开头。请查看：certificates";
    CERTIFICATE_ENDED: "certificate {id} is ended, and what came in by it",
        "证书 {id} 已终止，经其建立的连接也已结束";
    CERTIFICATE_OVER: "refused: your certificate has lapsed or was ended. Get another: countersign login",
        "已拒绝：您的证书已过期或已被终止。请重新获取：countersign login";
    CERTIFICATE_HINT: "The certificate must be of the person in the user name. Get one: countersign login {person}@GATEWAY",
        "证书必须属于用户名中的人员。获取证书：countersign login {person}@GATEWAY";
    LOGIN_DONE: "A certificate for {for}, and its key, are in {folder}.",
        "证书（有效期 {for}）及其密钥已写入 {folder}。";
    LOGIN_USER: "As user give {person}+ACCOUNT@DATABASE; no password is asked.",
        "用户名请写成 {person}+ACCOUNT@DATABASE；不需要密码。";
    LOGIN_NO_AUTHORITY: "The gateway shows a certificate of another authority: instead of server-ca.crt name that one's.",
        "网关使用其他机构签发的证书：请用该机构的证书代替 server-ca.crt。";
}
