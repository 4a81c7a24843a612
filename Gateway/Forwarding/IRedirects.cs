using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>Decides which requests are sent to a replica instead of being answered.</summary>
internal interface IRedirects
{
    /// <returns>The URL of the artifact for this client; null: it is streamed.</returns>
    string? Find(HttpContext context, Sha256Digest artifact, string? clientSite);
}

internal sealed class NoRedirects : IRedirects
{
    public string? Find(HttpContext context, Sha256Digest artifact, string? clientSite) => null;
}
