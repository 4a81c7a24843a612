using PhaseMesh.Manifests.Signing;
using PhaseMesh.Mdns.Services;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Advertising;

/// <summary>What one node says of itself and its releases by mDNS (docs/wire/mdns.md).</summary>
/// <param name="nodeKey">The node's identity; the start of it also makes its names unlike those of its neighbours.</param>
/// <param name="port">Where it listens.</param>
internal sealed class ProviderAnnouncement(Ed25519PublicKey nodeKey, ushort port)
{
    /// <summary>32 bits: machines that booted one image all have one name, and would otherwise settle dozens of conflicts one by one.</summary>
    private const int ShortKeyLength = 8;

    /// <summary>Leaves room for the architecture and the key in the 63 bytes of a label.</summary>
    private const int MaxChannelLength = 40;

    private readonly string _shortKey = nodeKey.KeyId[^ShortKeyLength..];

    public ushort Port => port;

    /// <summary>Such as <c>plasmd-0a1b2c3d</c>, under <c>.local</c>.</summary>
    public string HostName => $"plasmd-{_shortKey}";

    /// <summary>Such as <c>stable x86_64 0a1b2c3d</c>. For people: machines read the TXT record.</summary>
    public string InstanceName(ReleaseSlot slot)
    {
        string channel = slot.Channel.ToString();
        return $"{(channel.Length > MaxChannelLength ? channel[..MaxChannelLength] : channel)} {slot.Arch} {_shortKey}";
    }

    public PhaseImageService Of(Release release) => new()
    {
        Channel = release.Slot.Channel.ToString(),
        Arch = release.Slot.Arch.ToString(),
        Release = release.Manifest.Release,
        ManifestPath = $"/{release.Slot}/manifest.json",
        ManifestDigest = release.Manifest.Digest.ToString(),
        PeerId = nodeKey.KeyId,
    };
}
