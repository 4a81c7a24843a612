# make demo    set up, build, boot two machines in QEMU, the second from the first
# make test    set up, build, run every test        (make test ONLY=Manifests: one project)
# make test-orleans  the grain tests on Microsoft Orleans (ORLEANS_VERSION, ORLEANS_SOURCE, ORLEANS_SQL; docs/orleans.md)
# make soak    silos and their database break under load for MINUTES (10); looks for leaks too (CHAOS_SEED=N: the same again)
# make bench   set up, measure against peers        (make bench ONLY=silo: some rows; ROUNDS=1 MIB=64: a quick look)
# make image   the boot image and a release, in artifacts/
# make fmt     format the code
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

include deploy/image/image.mk

.PHONY: help demo soak test test-orleans bench fmt setup
help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST))

demo: setup-demo
	@$(MAKE) --no-print-directory image
	@dotnet build tests/Demo -c Release --nologo -v q
	@dotnet tests/Demo/bin/Release/net10.0/PhaseMesh.Demo.dll

test: setup-test
	@tests/run.sh $(ONLY)

soak: setup-test
	@CHAOS_SECONDS=$$(( $(or $(MINUTES),10) * 60 )) dotnet test tests/Cluster.Tests --nologo -v q -m:1 --filter FullyQualifiedName~ChaosTests.Postgres \
		--logger "console;verbosity=detailed"

test-orleans:
	@tests/orleans.sh "$(ORLEANS_VERSION)" "$(ORLEANS_SOURCE)" "$(ORLEANS_SQL)"

bench: setup-bench
	@$(MAKE) --no-print-directory image
	@dotnet build tests/Benchmarks -c Release --nologo -v q
	@BENCH_ROUNDS=$(ROUNDS) BENCH_MIB=$(MIB) dotnet tests/Benchmarks/bin/Release/net10.0/PhaseMesh.Benchmarks.dll $(ONLY)

fmt:
	@dotnet format PhaseMesh.sln

setup-%:
	@deploy/setup.sh $*
