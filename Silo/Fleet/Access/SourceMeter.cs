using System.Net;
using System.Net.Sockets;

namespace PhaseMesh.Silo.Fleet.Access;

/// <summary>
/// A bucket per source address, filled evenly over a minute: what one source may ask for that costs the fleet a record. An IPv6 /64 is one
/// source, as one machine can have all of its addresses.
/// </summary>
internal sealed class SourceMeter(int callsPerMinute, TimeProvider clock)
{
    /// <summary>More at once share one bucket, so that a flood from many addresses can't fill the memory.</summary>
    private const int MaxSources = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Bucket> _buckets = [];

    private TimeSpan FillTime => TimeSpan.FromMinutes(1) / callsPerMinute;

    /// <returns>Zero when it may; else how long to wait.</returns>
    public TimeSpan Take(IPAddress? address)
    {
        IPAddress source = SourceOf(address ?? IPAddress.None);
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            if (!_buckets.TryGetValue(source, out Bucket? bucket))
            {
                if (_buckets.Count >= MaxSources)
                {
                    ForgetFull(now);
                }

                source = _buckets.Count >= MaxSources ? IPAddress.None : source;
                bucket = _buckets.TryGetValue(source, out Bucket? shared) ? shared : _buckets[source] = new Bucket(callsPerMinute, now);
            }

            Fill(bucket, now);
            if (bucket.Calls < 1)
            {
                return FillTime * (1 - bucket.Calls);
            }

            bucket.Calls--;
            return TimeSpan.Zero;
        }
    }

    private static IPAddress SourceOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private void Fill(Bucket bucket, long now)
    {
        bucket.Calls = Math.Min(callsPerMinute, bucket.Calls + (clock.GetElapsedTime(bucket.FilledAt, now) / FillTime));
        bucket.FilledAt = now;
    }

    /// <summary>A full bucket is as good as none.</summary>
    private void ForgetFull(long now)
    {
        foreach ((IPAddress source, Bucket bucket) in _buckets)
        {
            Fill(bucket, now);
            if (bucket.Calls >= callsPerMinute)
            {
                _buckets.Remove(source);
            }
        }
    }

    private sealed class Bucket(double calls, long filledAt)
    {
        public double Calls { get; set; } = calls;

        public long FilledAt { get; set; } = filledAt;
    }
}
