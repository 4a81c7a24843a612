namespace PhaseMesh.BootAgent.Kexec;

/// <summary>What the running kernel says about loading another one; read after a refusal, to name its cause.</summary>
/// <param name="IsLoadDisabled">/proc/sys/kernel/kexec_load_disabled is 1; once set, only a reboot clears it.</param>
/// <param name="Lockdown"><c>integrity</c> or <c>confidentiality</c> (kernel_lockdown.7); null when it is off or unknown.</param>
/// <param name="IsSecureBoot">The firmware booted this kernel with Secure Boot on.</param>
internal sealed record KernelPolicy(bool IsLoadDisabled, string? Lockdown, bool IsSecureBoot)
{
    private const string SecureBootVariable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

    /// <param name="root">The directory that holds <c>proc</c> and <c>sys</c>.</param>
    public static KernelPolicy Read(string root = "/")
    {
        string? disabled = ReadSmall(Path.Combine(root, "proc/sys/kernel/kexec_load_disabled"))?.Trim();
        string? lockdown = ReadSmall(Path.Combine(root, "sys/kernel/security/lockdown"));
        int open = lockdown?.IndexOf('[', StringComparison.Ordinal) ?? -1;
        int close = open < 0 ? -1 : lockdown!.IndexOf(']', open);
        string? mode = close < 0 ? null : lockdown![(open + 1)..close];
        // Four bytes of attributes, then the value.
        bool isSecureBoot = ReadSmall(Path.Combine(root, SecureBootVariable)) is { Length: 5 } variable && variable[4] == '\u0001';
        return new KernelPolicy(disabled == "1", mode is "integrity" or "confidentiality" ? mode : null, isSecureBoot);
    }

    private static string? ReadSmall(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path, System.Text.Encoding.Latin1) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not mounted, or not ours to read: the message then names every possible cause.
            return null;
        }
    }
}
