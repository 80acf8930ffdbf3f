//! Delivers notices from the outbox to webhooks and mail servers, with retries; a slow receiver blocks nobody.
