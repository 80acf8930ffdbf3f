//! Consent, enrolment, codes and keys.

catalogue! {
    ACCOUNT_EXPIRED: "refused: your account expired on {since}. Ask a security administrator.",
        "已拒绝：您的账户已于 {since} 到期。请联系安全管理员。";
    KEY_EXPIRED: "refused: the key that you came in with ({key}) expired on {since}. Connect with another, or ask a security administrator.",
        "已拒绝：您登录所用的密钥（{key}）已于 {since} 到期。请改用其他密钥，或联系安全管理员。";
}
