namespace PhaseMesh.Gateway.Admission;

/// <summary>The gates of all bytes, and those of each site and client, with limits that may change.</summary>
internal sealed class AdmissionRates : IDisposable
{
    private readonly RateLimit _inAll;
    private readonly RateLimit _perSite;
    private readonly RateLimit _perClient;
    private readonly TimeProvider _clock;

    public AdmissionRates(AdmissionOptions options, TimeProvider clock)
    {
        _inAll = new RateLimit(options.MaxRate);
        _perSite = new RateLimit(options.MaxRatePerSite);
        _perClient = new RateLimit(options.MaxRatePerClient);
        _clock = clock;
        InAll = new RateGate(_inAll, clock);
    }

    public RateGate InAll { get; }

    public RateGate NewForSite() => new(_perSite, _clock);

    public RateGate NewForClient() => new(_perClient, _clock);

    public void Apply(AdmissionOptions options)
    {
        _inAll.Set(options.MaxRate);
        _perSite.Set(options.MaxRatePerSite);
        _perClient.Set(options.MaxRatePerClient);
    }

    public void Dispose() => InAll.Dispose();
}
