using PhaseMesh.BootAgent.Discover;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>One source of this boot, with what is known of its behaviour so far. Its connections share it.</summary>
internal sealed class ProviderSession(ProviderCandidate provider, string directory)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ArtifactKind, ArtifactLocation> _locations = [];
    private double _bytesPerSecond;
    private int _fruitlessAttempts;
    private int _contentFaults;
    private int _busyAnswers;
    private long _deliveredBytes;

    public ProviderCandidate Provider { get; } = provider;

    /// <summary>Where its manifest was, below its URL.</summary>
    public string Directory { get; } = directory;

    /// <summary>It has done something for which it gets no more requests in this boot.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>
    /// Its last request succeeded or failed only in content; a provider that cannot be reached is no replacement for another.
    /// </summary>
    public bool IsReachable { get; private set; } = true;

    /// <summary>Something of use came from it.</summary>
    public bool HasDelivered { get; private set; }

    /// <summary>All that was of use.</summary>
    public long DeliveredBytes => Interlocked.Read(ref _deliveredBytes);

    public FetchFault? LastFault { get; private set; }

    /// <summary>Smoothed over the chunks it delivered; 0 when it has delivered none.</summary>
    public double BytesPerSecond
    {
        get
        {
            lock (_gate)
            {
                return _bytesPerSecond;
            }
        }
    }

    public ArtifactLocation LocationOf(Manifests.ManifestArtifact artifact)
    {
        lock (_gate)
        {
            if (!_locations.TryGetValue(artifact.Kind, out ArtifactLocation? location))
            {
                _locations.Add(artifact.Kind, location = new ArtifactLocation(Provider.Url, Directory, artifact));
            }

            return location;
        }
    }

    public void NoteRate(double bytesPerSecond)
    {
        const double NewWeight = 0.3;
        lock (_gate)
        {
            _bytesPerSecond = _bytesPerSecond == 0 ? bytesPerSecond : (_bytesPerSecond * (1 - NewWeight)) + (bytesPerSecond * NewWeight);
        }
    }

    public void Delivered(long bytes)
    {
        lock (_gate)
        {
            _deliveredBytes += bytes;
            _fruitlessAttempts = 0;
            _busyAnswers = 0;
            IsReachable = true;
            HasDelivered = true;
        }
    }

    /// <summary>It is there, and has no time now.</summary>
    /// <returns>How often it said so without a verified chunk between.</returns>
    public int SaidBusy(FetchFault fault)
    {
        lock (_gate)
        {
            LastFault = fault;
            IsReachable = false;
            return ++_busyAnswers;
        }
    }

    /// <returns>How many transient faults there were in a row without a verified chunk between.</returns>
    public int Faulted(FetchFault fault)
    {
        lock (_gate)
        {
            LastFault = fault;
            IsReachable = !fault.IsTransient;
            return fault.IsTransient ? ++_fruitlessAttempts : ++_contentFaults;
        }
    }

    public void Drop() => IsDropped = true;
}
