using System.Globalization;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Silo.Fleet.Api;

/// <summary>Values of paths and queries, checked; what breaks its rule is refused as invalid.</summary>
internal static class FleetText
{
    private const int MaxLength = 512;

    public static string BootIdOf(string text) => BootId.IsValid(text) ? text : throw Invalid("boot id", BootId.Expected, text);

    public static string ProviderOf(string text) => ProviderKey.IsValid(text) ? text
        : throw Invalid("provider", ProviderKey.Expected, text);

    public static string DigestOf(string text) => Sha256Digest.TryParse(text, out Sha256Digest digest)
        ? digest.ToString()
        : throw Invalid("digest", Sha256Digest.Expected, text);

    public static ReleaseChannelKey ChannelOf(string channel, string arch) =>
        ReleaseChannelKey.TryParse($"{channel}/{arch}", out ReleaseChannelKey key)
        ? key
        : throw Invalid("channel", ReleaseChannelKey.Expected, $"{channel}/{arch}");

    /// <summary>Null stays null.</summary>
    public static string? ArchOf(string? text) => text is null ? null
        : MachineArch.TryParse(text, out MachineArch arch) ? arch.ToString()
        : throw Invalid("arch", MachineArch.Expected, text);

    /// <summary>Any short text without control characters; null stays null.</summary>
    public static string? PlainOf(string name, string? text) => text is null ? null
        : text.Length is > 0 and <= MaxLength && !text.Any(char.IsControl) ? text
        : throw Invalid(name, $"1 to {MaxLength} characters without control characters", text);

    public static int LimitOf(string? text, int usual = 100, int most = 1000) => text is null ? usual
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit >= 1 && limit <= most ? limit
        : throw Invalid("limit", $"1 to {most}", text);

    public static long? NumberOf(string name, string? text) => text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw Invalid(name, "a number of at most 18 digits", text);

    public static DateTimeOffset? TimeOf(string name, string? text) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTimeOffset time)
            ? time
            : throw Invalid(name, "a time such as 2026-11-21T10:00:00Z", text);

    public static bool FlagOf(string name, string? text) => text switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw Invalid(name, "true or false", text),
    };

    /// <summary>By its name in snake_case; null stays null.</summary>
    public static T? NameOf<T>(string name, string? text)
        where T : struct, Enum
    {
        if (text is null)
        {
            return null;
        }

        foreach (T value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw Invalid(name, string.Join(", ", Enum.GetNames<T>().Select(known => known.ToLowerInvariant())), text);
    }

    public static FleetRefusedException Invalid(string name, string expected, string? found)
    {
        string shown = found is null ? "nothing" : $"'{string.Concat(found.Take(64).Select(c => char.IsControl(c) ? '?' : c))}'";
        return new FleetRefusedException(RefusalKind.Invalid, FleetRefusals.Invalid, $"{name}: expected {expected}, found {shown}.");
    }

    public static FleetRefusedException NotFound(string what) => new(RefusalKind.NotFound, FleetRefusals.NotFound, what);
}
