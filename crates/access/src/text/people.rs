//! Consent, enrolment, codes and keys.

catalogue! {}
