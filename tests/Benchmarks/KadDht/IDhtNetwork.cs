namespace PhaseMesh.Benchmarks.KadDht;

/// <summary>A DHT to measure, ours or the peer's: servers 0 to n-1 put and provide, a client gets and finds. Times are milliseconds.</summary>
internal interface IDhtNetwork : IAsyncDisposable
{
    /// <summary>Until the nearest servers have taken the value.</summary>
    Task<double> PutAsync(int server, string key);

    /// <summary>Until the client has the value that it holds for the best.</summary>
    Task<double> GetAsync(string key);

    /// <summary>Until the nearest servers have been told.</summary>
    Task<double> ProvideAsync(int server, string key);

    /// <summary>Until the client has the first provider.</summary>
    Task<double> FindAsync(string key);
}
