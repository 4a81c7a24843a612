namespace PhaseMesh.BootAgent.Kexec;

/// <summary>What each refusal of kexec_file_load(2) means and what to do about it. docs/boot-agent.md has the same list.</summary>
internal static class KexecErrors
{
    public const int NotPermitted = 1;
    public const int IoError = 5;
    public const int BadExecutable = 8;
    public const int OutOfMemory = 12;
    public const int AccessDenied = 13;
    public const int Busy = 16;
    public const int Invalid = 22;
    public const int FileBusy = 26;
    public const int FileTooLarge = 27;
    public const int NoSystemCall = 38;
    public const int NoData = 61;
    public const int NoPackage = 65;
    public const int BadMessage = 74;
    public const int AddressNotAvailable = 99;
    public const int NoKey = 126;
    public const int KeyExpired = 127;
    public const int KeyRejected = 129;

    public static string Describe(int errno, KernelPolicy policy) => errno switch
    {
        NotPermitted => NotPermittedReason(policy),
        NoSystemCall => "the running kernel has no kexec_file_load (CONFIG_KEXEC_FILE) and there is no kexec program "
            + "to use kexec_load instead: boot the agent with a kernel that has it, or add kexec-tools to the boot image",
        NoData => "the running kernel takes only signed kernels (CONFIG_KEXEC_SIG_FORCE or lockdown) and the fetched kernel has "
            + $"no signature: sign it (sbsign) with a key this machine trusts{SecureBootNote(policy)}",
        NoKey => "the fetched kernel is signed with a key this machine does not have: enrol the certificate (MOK or the kernel's "
            + $"platform keyring), or sign the kernel with an enrolled one{SecureBootNote(policy)}",
        KeyRejected or BadMessage =>
            "the fetched kernel's signature is not valid or its key is revoked: sign the kernel file again (sbsign) and publish it",
        KeyExpired => "the certificate that signed the fetched kernel has expired: sign the kernel with a current one",
        NoPackage => "the fetched kernel's signature uses an algorithm the running kernel lacks: sign it with SHA-256 and RSA",
        BadExecutable => "the fetched kernel is not an image the running kernel can start: on x86_64 it takes a bzImage (vmlinuz) with "
            + "a 64-bit entry point; check what was published as kernel, and its arch",
        OutOfMemory => "there is not enough memory to load the fetched kernel and initramfs, which are held several times for a moment: "
            + "use a machine with more memory or a smaller release",
        AddressNotAvailable => "no gap in physical memory is large enough for the fetched kernel and initramfs: use a machine with more "
            + "memory or a smaller release",
        AccessDenied => "an integrity policy (IMA appraisal or a security module) denies the fetched kernel: sign it for that policy or "
            + "relax the policy",
        Busy => "another kexec load is under way, or a crash kernel's memory is busy: wait for it, or unload it (kexec -u)",
        FileBusy => "a file of the fetched kernel is open for writing elsewhere: this is a defect of the agent, please report it",
        FileTooLarge => "the initramfs with everything that rides along is larger than the running kernel reads (2 GiB before Linux 5.18, "
            + "then 4 GiB): make the rootfs smaller",
        Invalid => "the running kernel finds the images or the command line invalid: check that the kernel published fits this machine, "
            + "and that cmdline in the manifest is not longer than its COMMAND_LINE_SIZE",
        IoError => "the running kernel could not read the images back from memory: test the machine's memory",
        _ => $"the running kernel refused it with errno {errno}: look at its log (dmesg)",
    };

    private static string NotPermittedReason(KernelPolicy policy)
    {
        if (policy.IsLoadDisabled)
        {
            return "kexec_load_disabled=1: the running kernel has kexec switched off until its next reboot. Boot the agent with a kernel "
                + "that does not set it (a sysctl.d file, an init script, or the kernel's own configuration does), such as Debian's";
        }

        if (policy.Lockdown is { } lockdown)
        {
            return $"the running kernel is locked down ({lockdown}) and takes only signed kernels: sign the fetched kernel with a key this "
                + $"machine trusts{SecureBootNote(policy)}, or boot the agent without lockdown=";
        }

        return "not permitted: the agent needs CAP_SYS_BOOT. Run it as root, outside of a container, or use --no-kexec --output DIR to "
            + "only fetch";
    }

    private static string SecureBootNote(KernelPolicy policy) =>
        policy.IsSecureBoot ? ", or switch Secure Boot off in the firmware" : string.Empty;
}
