using System.Globalization;
using System.Text;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Providers;

/// <summary>
/// What a provider signs to say "these bytes came from me": <c>phase-receipt-1 LF ARTIFACT LF CHUNK LF sha256:HEX LF TIME</c>, time as in
/// <c>2026-11-21T10:00:00Z</c>, Ed25519 by its node key. Without one nobody can prove to a third who sent what.
/// </summary>
public static class ServingReceipt
{
    /// <param name="artifact">The artifact's digest.</param>
    /// <param name="chunk">From 0; -1: the whole artifact.</param>
    /// <param name="sent">Of the bytes that were sent.</param>
    /// <param name="time">Cut to whole seconds.</param>
    public static byte[] SignedText(Sha256Digest artifact, int chunk, Sha256Digest sent, DateTimeOffset time) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"phase-receipt-1\n{artifact}\n{chunk}\n{sent}\n{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}"));
}
