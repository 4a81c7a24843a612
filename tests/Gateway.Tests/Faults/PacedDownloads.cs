using System.Net.Sockets;
using PhaseMesh.Gateway.Tests.Hosting;

namespace PhaseMesh.Gateway.Tests.Faults;

/// <summary>
/// Downloads at once, each of which stops reading in mid-body until it is let go on, so that a fault finds all of them there. What comes
/// is compared byte for byte as it comes: also a download that is cut has had no wrong byte. One that is cut asks for the rest when told
/// to.
/// </summary>
internal sealed class PacedDownloads : IDisposable
{
    private const int ReceiveBufferBytes = 64 << 10;
    private readonly HttpClient _client;
    private readonly byte[] _expected;
    private readonly long _pauseAt;
    private readonly TaskCompletionSource _allPaused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allCut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _resume = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(long Bytes, TaskCompletionSource Reached)> _waiters = [];
    private readonly int _count;
    private long _delivered;
    private int _paused;
    private int _cut;

    public PacedDownloads(Uri url, byte[] expected, int count, long pauseAt)
    {
        (_expected, _count, _pauseAt) = (expected, count, pauseAt);
        // Small socket buffers: what the kernel holds for a client that reads nothing is not in mid-body any more.
        _client = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = count,
            ConnectCallback = static async (context, cancellationToken) =>
            {
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = ReceiveBufferBytes };
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { Timeout = Programs.Limit };
        Ended = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => DownloadAsync(url))));
    }

    /// <summary>How many downloads broke off; all of them are whole and right when this completes.</summary>
    public Task<int[]> Ended { get; }

    /// <summary>Every client has had its part and reads no more.</summary>
    public Task AllPausedAsync() => WithEndedAsync(_allPaused.Task);

    /// <summary>Every client was cut off.</summary>
    public Task AllCutAsync() => WithEndedAsync(_allCut.Task);

    /// <summary>All clients together have had so many bytes.</summary>
    public Task DeliveredAsync(long bytes)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiters)
        {
            _waiters.Add((bytes, reached));
        }

        Account(0);
        return WithEndedAsync(reached.Task);
    }

    public void GoOn() => _goOn.SetResult();

    /// <summary>Those that are cut, or will be, ask for the rest from now on.</summary>
    public void Resume() => _resume.SetResult();

    public void Dispose() => _client.Dispose();

    private async Task<int> DownloadAsync(Uri url)
    {
        byte[] piece = new byte[ReceiveBufferBytes];
        long at = 0;
        int cuts = 0;
        while (true)
        {
            try
            {
                at = await ReadAsync(url, at, piece, count => at += count);
                Assert.Equal(_expected.Length, at);
                return cuts;
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                Assert.True(_goOn.Task.IsCompleted, $"Cut before the fault, after {at} bytes: {e.Message}");
                if (++cuts == 1 && Interlocked.Increment(ref _cut) == _count)
                {
                    _allCut.SetResult();
                }

                await _resume.Task.WaitAsync(Programs.Limit);
            }
        }
    }

    private async Task<long> ReadAsync(Uri url, long from, byte[] piece, Action<int> had)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, url);
        request.Headers.Range = from > 0 ? new(from, null) : null;
        using HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        long at = from;
        while (await body.ReadAsync(piece) is > 0 and int read)
        {
            Assert.True(at + read <= _expected.Length, $"More than {_expected.Length} bytes.");
            Assert.True(
                piece.AsSpan(0, read).SequenceEqual(_expected.AsSpan((int)at, read)), $"Wrong bytes between {at} and {at + read}.");
            bool pauses = at < _pauseAt && at + read >= _pauseAt;
            at += read;
            had(read);
            Account(read);
            if (pauses)
            {
                if (Interlocked.Increment(ref _paused) == _count)
                {
                    _allPaused.SetResult();
                }

                await _goOn.Task.WaitAsync(Programs.Limit);
            }
        }

        return at;
    }

    private void Account(int bytes)
    {
        long delivered = Interlocked.Add(ref _delivered, bytes);
        lock (_waiters)
        {
            foreach ((long wanted, TaskCompletionSource reached) in _waiters.Where(waiter => delivered >= waiter.Bytes))
            {
                reached.TrySetResult();
            }
        }
    }

    /// <summary>A download that fails says why instead of letting the test wait.</summary>
    private async Task WithEndedAsync(Task task)
    {
        if (await Task.WhenAny(task, Ended).WaitAsync(Programs.Limit) == Ended)
        {
            await Ended;
        }

        Assert.True(task.IsCompleted, "The downloads ended before that.");
    }
}
