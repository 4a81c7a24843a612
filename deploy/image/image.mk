# The boot image (what a machine powers on with) and a release (what it boots into). Only what changed is built again.
#   artifacts/boot/vmlinuz  artifacts/boot/initramfs              kernel and agent; keys pinned from TRUST
#   artifacts/release/{kernel,initramfs,rootfs}                   unsigned: plasmd manifest generate --sign makes it a release
#   artifacts/plasmd/plasmd  artifacts/silo/plasmd                the one of the release, and the whole one, which can be a silo
#   artifacts/gateway/phase-gateway
TRUST ?=
KERNEL_FLAVOUR ?= cloud-amd64

sources = $(shell find $(1) -name obj -prune -o -name bin -prune -o \( -name '*.cs' -o -name '*.csproj' -o -name '*.pubxml' -o -name '*.json' \
	-o -path '*/Console/Page/*' \) -type f -print)
image_scripts := deploy/image/lib.sh $(wildcard deploy/image/common/*)
build_settings := Directory.Build.props Directory.Packages.props

.PHONY: image
image: artifacts/boot/vmlinuz artifacts/boot/initramfs artifacts/release/kernel artifacts/release/initramfs artifacts/release/rootfs \
	artifacts/silo/plasmd artifacts/gateway/phase-gateway

artifacts/kernel/vmlinuz: deploy/image/fetch-kernel.sh
	@$< $(KERNEL_FLAVOUR) $(@D)
	@touch $@

artifacts/agent/phase-agent: $(call sources,BootAgent Libp2p Manifests Mdns) $(build_settings)
	@echo "image: publishing phase-agent"
	@dotnet publish BootAgent -p:PublishProfile=image --nologo -v q -o $(@D)
	@touch $@

artifacts/plasmd/plasmd: $(call sources,Silo Serving Telemetry Libp2p Manifests Mdns) $(build_settings)
	@echo "image: publishing plasmd"
	@dotnet publish Silo -p:PublishProfile=image --nologo -v q -o $(@D)
	@touch $@

artifacts/silo/plasmd: $(call sources,Silo Grains Cluster Serving Telemetry Libp2p Manifests Mdns) $(build_settings)
	@echo "image: publishing plasmd with the cluster"
	@dotnet publish Silo -c Release -r linux-x64 --no-self-contained --nologo -v q -o $(@D)
	@touch $@

artifacts/gateway/phase-gateway: $(call sources,Gateway Serving Telemetry Manifests) $(build_settings)
	@echo "image: publishing phase-gateway"
	@dotnet publish Gateway -c Release -r linux-x64 --no-self-contained --nologo -v q -o $(@D)
	@touch $@

artifacts/boot/vmlinuz artifacts/release/kernel: artifacts/kernel/vmlinuz
	@mkdir -p $(@D)
	@cp --reflink=auto $< $@

artifacts/boot/initramfs: deploy/image/build-boot.sh deploy/image/boot/init artifacts/agent/phase-agent artifacts/kernel/vmlinuz $(image_scripts)
	@mkdir -p $(@D)
	@$< artifacts/kernel artifacts/agent "$(TRUST)" $@
	@echo "image: $@ $$(stat -c %s $@) bytes"

artifacts/release/initramfs: deploy/image/build-target.sh deploy/image/target/init artifacts/kernel/vmlinuz $(image_scripts)
	@mkdir -p $(@D)
	@$< artifacts/kernel $@
	@echo "image: $@ $$(stat -c %s $@) bytes"

artifacts/release/rootfs: deploy/image/build-rootfs.sh deploy/image/rootfs/init artifacts/plasmd/plasmd artifacts/kernel/vmlinuz $(image_scripts)
	@mkdir -p $(@D)
	@$< artifacts/kernel artifacts/plasmd $@
	@echo "image: $@ $$(stat -c %s $@) bytes"
