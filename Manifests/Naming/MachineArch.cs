using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace PhaseMesh.Manifests.Naming;

/// <summary>A machine architecture: <c>x86_64</c> (alias <c>amd64</c>) or <c>arm64</c> (alias <c>aarch64</c>).</summary>
public readonly record struct MachineArch
{
    private readonly string? _name;

    private MachineArch(string name) => _name = name;

    public static MachineArch X64 { get; } = new("x86_64");

    public static MachineArch Arm64 { get; } = new("arm64");

    /// <summary>What an error tells the user to write.</summary>
    public const string Expected = "x86_64 (or amd64) or arm64 (or aarch64)";

    /// <summary>The architecture of the machine this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">Neither x86_64 nor arm64.</exception>
    public static MachineArch OfThisMachine => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => X64,
        Architecture.Arm64 => Arm64,
        Architecture other => throw new PlatformNotSupportedException($"PhaseMesh runs on {Expected}; this machine is {other}."),
    };

    public static bool TryParse([NotNullWhen(true)] string? text, out MachineArch arch)
    {
        arch = text switch
        {
            "x86_64" or "amd64" => X64,
            "arm64" or "aarch64" => Arm64,
            _ => default,
        };
        return arch._name is not null;
    }

    /// <exception cref="FormatException">Not a known name or alias.</exception>
    public static MachineArch Parse(string text) =>
        TryParse(text, out MachineArch arch) ? arch : throw new FormatException($"Expected {Expected}, found '{text}'.");

    /// <summary>The canonical name, never the alias.</summary>
    public override string ToString() => _name ?? string.Empty;
}
