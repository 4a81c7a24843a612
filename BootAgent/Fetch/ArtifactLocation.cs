using System.Net.Http.Headers;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Where one provider has one artifact. A plasmd has it by digest; another web server has it by the manifest's path, beside the
/// manifest or below its root. The first place that is not "not found" stays the one.
/// </summary>
internal sealed class ArtifactLocation
{
    private readonly Lock _gate = new();
    private readonly Queue<Uri> _places = [];
    private EntityTagHeaderValue? _entityTag;

    public ArtifactLocation(ProviderUrl provider, string directory, ManifestArtifact artifact)
    {
        _places.Enqueue(provider.At($"/blobs/{artifact.Digest}"));
        if (directory.Length > 0)
        {
            _places.Enqueue(provider.At(directory + artifact.Path));
        }

        _places.Enqueue(provider.At(artifact.Path));
    }

    /// <summary>Null: this provider has it nowhere, or has something else there.</summary>
    public (Uri? Url, EntityTagHeaderValue? EntityTag) Current
    {
        get
        {
            lock (_gate)
            {
                return (_places.TryPeek(out Uri? url) ? url : null, _entityTag);
            }
        }
    }

    /// <summary>The server answers a range with the whole file: ranges cost what lies before them.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Only a strong tag can say that a later range is of the same bytes (RFC 9110 section 13.1.5).</summary>
    public void Remember(EntityTagHeaderValue? entityTag)
    {
        lock (_gate)
        {
            _entityTag = entityTag is { IsWeak: false } ? entityTag : null;
        }
    }

    /// <returns>Whether there is another place to look.</returns>
    public bool NotFoundAt(Uri url)
    {
        lock (_gate)
        {
            if (_places.TryPeek(out Uri? current) && current == url)
            {
                _places.Dequeue();
                _entityTag = null;
            }

            return _places.Count > 0;
        }
    }

    public void GiveUp()
    {
        lock (_gate)
        {
            _places.Clear();
        }
    }
}
