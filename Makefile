# Countersign. `make demo` and `make test` do all their set-up themselves; see README.md.

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

.PHONY: demo test lint bench setup-demo setup-test

# Everything on this machine: a gateway, a host and two databases behind it, seven people, a five-minute tour.
demo: setup-demo
	$(CARGO) build --release --locked --package countersign
	@exec target/release/countersign demo $(ARGS)

# Every test, with the real clients and servers.
test: setup-test
	$(CARGO) build --locked --package countersign
	@scripts/test

# Format, lints and documentation, warnings denied.
lint: setup-test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --workspace --no-deps --locked --document-private-items

# Judging beside plain Cedar; then ratios against direct OpenSSH and ProxyJump, in one run.
bench: setup-test
	$(CARGO) bench --locked --package policy --bench judging
	$(CARGO) build --release --locked --package countersign
	@scripts/bench target/release/countersign
	@scripts/bench-databases target/release/countersign

setup-demo:
	@scripts/setup demo

setup-test:
	@scripts/setup test
