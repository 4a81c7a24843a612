using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>A boot's id: 32 lower-case hex digits, minted by the agent.</summary>
public static class BootId
{
    public const int Length = 32;
    public const string Expected = "32 lower-case hex digits";

    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
