using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>The key of an <see cref="IReleaseChannelGrain"/>: <c>stable/x86_64</c>, with the architecture's canonical name.</summary>
public readonly record struct ReleaseChannelKey(ReleaseChannelName Channel, MachineArch Arch)
{
    public const string Expected = "a channel, a slash and an architecture, such as stable/x86_64";

    public static bool TryParse([NotNullWhen(true)] string? text, out ReleaseChannelKey key)
    {
        key = default;
        string[] parts = text?.Split('/') ?? [];
        if (parts.Length != 2 || !ReleaseChannelName.TryParse(parts[0], out ReleaseChannelName channel)
            || !MachineArch.TryParse(parts[1], out MachineArch arch))
        {
            return false;
        }

        key = new ReleaseChannelKey(channel, arch);
        return true;
    }

    public override string ToString() => $"{Channel}/{Arch}";
}
