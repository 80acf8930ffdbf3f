//! Time-limited access, runbooks, emergencies and looks at recordings.

catalogue! {
    REQUESTER_GONE: "who asked for it is suspended or gone", "申请人已被暂停或已离开";
    CLAIMED_ALREADY: "The quorum was met by another signature at the same moment.", "同一时刻另一签名已达到法定人数。";
}
