namespace PhaseMesh.Serving.Responses;

public static class CachePolicy
{
    /// <summary>For paths that name a digest: what they answer can never change.</summary>
    public const string Immutable = "public, max-age=31536000, immutable";

    /// <summary>
    /// For paths that follow the release: store, but ask whether it is still the one; the digest as entity tag makes that cheap.
    /// </summary>
    public const string Revalidate = "public, no-cache";
}
