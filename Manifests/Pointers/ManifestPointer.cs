using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Pointers;

/// <summary>
/// Where a node says the manifest of a release can be had: the value at /phase/{channel}/{arch}/manifest in the DHT. It is signed with the
/// node's own key, so it proves who says so and nothing else: whoever follows it must verify the manifest by the channel's keys.
/// The form is in docs/wire/dht-records.md.
/// </summary>
public sealed record ManifestPointer
{
    /// <summary>Of the signed form.</summary>
    public const int MaxBytes = 4096;

    public const int MaxUrls = 16;

    public const int MaxUrlLength = 512;

    /// <summary>First segment of every key of the mesh.</summary>
    public const string Namespace = "phase";

    /// <summary>How far ahead of now a pointer may expire, so that a false one goes away by itself: 48 h, the life of a DHT record.</summary>
    public static readonly TimeSpan MaxLife = TimeSpan.FromHours(48);

    public required ReleaseChannelName Channel { get; init; }

    public required MachineArch Arch { get; init; }

    /// <summary>0 or above; null for a manifest without a release number.</summary>
    public long? Release { get; init; }

    public required Sha256Digest ManifestDigest { get; init; }

    /// <summary>1 to <see cref="MaxUrls"/> http or https URLs of the manifest, best first.</summary>
    public required IReadOnlyList<Uri> Urls { get; init; }

    /// <summary>Who says so.</summary>
    public required Ed25519PublicKey Node { get; init; }

    /// <summary>To whole seconds.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The DHT key it belongs at.</summary>
    public string Key => KeyOf(Channel, Arch);

    /// <summary>Such as <c>/phase/stable/x86_64/manifest</c>.</summary>
    public static string KeyOf(ReleaseChannelName channel, MachineArch arch) => $"/{Namespace}/{channel}/{arch}/manifest";

    /// <param name="nodeKey">The key whose public half is <see cref="Node"/>.</param>
    /// <exception cref="ArgumentException">Another key, or the pointer breaks a rule that <see cref="TryRead"/> would refuse it by.</exception>
    public byte[] Sign(Ed25519PrivateKey nodeKey)
    {
        ArgumentNullException.ThrowIfNull(nodeKey);
        if (nodeKey.PublicKey != Node)
        {
            throw new ArgumentException($"The pointer names {Node}, the key is that of {nodeKey.PublicKey}.", nameof(nodeKey));
        }

        byte[] bytes = PointerFormat.Write(this, nodeKey);
        return TryRead(bytes, out _, out string? problem) ? bytes : throw new ArgumentException(problem);
    }

    /// <summary>Reads the signed form and verifies its signature; expiry is not looked at.</summary>
    /// <param name="problem">What was expected and what was found; without control characters.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ManifestPointer? result, [NotNullWhen(false)] out string? problem)
    {
        try
        {
            result = PointerFormat.Read(bytes);
            problem = null;
            return true;
        }
        catch (ManifestFormatException e)
        {
            result = null;
            problem = $"Pointer{(e.Field.Length == 0 ? "" : $" field {e.Field}")}: expected {e.Expected}, found {e.Actual}";
            return false;
        }
    }
}
