using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Providers;

/// <summary>
/// The key of an <see cref="IProviderGrain"/>: the node's key id in its one spelling, <c>ed25519:</c> and 64 lower-case hex digits.
/// </summary>
public static class ProviderKey
{
    public const string Expected = "ed25519: and 64 lower-case hex digits";

    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: 72 } && Ed25519PublicKey.TryParse(text, out Ed25519PublicKey key) && key.KeyId == text;
}
