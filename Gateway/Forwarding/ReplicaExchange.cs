using System.Diagnostics;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Gateway.Diagnostics;
using PhaseMesh.Gateway.Routing;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Forwarding;

/// <summary>
/// One request to one replica for the rest of a run: asks, receives, judges, and tells the lease and whoever wants proof.
/// </summary>
internal sealed partial class ReplicaExchange(
    ReplicaTransport transport, ChunkReceiver receiver, IMisbehaviourReporter reporter, ForwardingOptions options, ChunkCounters counters,
    TimeProvider clock, ILogger<ReplicaExchange> log)
{
    /// <param name="run">Goes on from its <see cref="FetchRun.NextOffset"/>; knows afterwards whom not to ask again.</param>
    /// <param name="lease">Told of everything; the caller ends it.</param>
    /// <param name="stop">The first chunk of the run not to ask for.</param>
    /// <param name="stopping">The gateway stops.</param>
    /// <exception cref="OperationCanceledException">It does.</exception>
    /// <exception cref="IOException">No more files or memory.</exception>
    public async Task<TransferEnd> AttemptAsync(FetchRun run, ReplicaLease lease, int stop, CancellationToken stopping)
    {
        if (run.IsUnmixed)
        {
            run.DropIncoming();
        }

        using ProgressWatch watch = new(clock, options, stopping);
        using Activity? span = GatewayTraces.Request(run, lease, stop);
        string provider = lease.Endpoint.ProviderId;
        run.Attempt(provider, watch);
        TransferEnd end;
        try
        {
            end = await TransferAsync(run, lease, stop, watch, span, stopping);
        }
        finally
        {
            run.Attempt(null, null);
        }

        if (end.Fault is null && watch.End is WatchEnd.Stalled)
        {
            end = new TransferEnd(ReplicaFault.Stalled);
        }

        if (end.Fault is { } fault)
        {
            counters.Faulted(fault);
            run.Span.Failed(lease, run, fault);
            span.Failed(fault);
            lease.Fault(fault);
            run.Tried.Add(provider);
            LogFault(
                provider, lease.Endpoint.BaseUrl, fault, run.Layout.Digest, run.NextOffset);
            if (fault is ReplicaFault.WrongBytes)
            {
                run.Liars.Add(provider);
                Convict(run, lease, end);
            }
        }
        else if (run.Next >= stop)
        {
            lease.Completed();
        }
        else
        {
            run.Tried.Add(provider); // Overtaken by a hedge, or part of a mix that was wrong: others first.
        }

        return end;
    }

    private async Task<TransferEnd> TransferAsync(
        FetchRun run, ReplicaLease lease, int stop, ProgressWatch watch, Activity? span, CancellationToken stopping)
    {
        try
        {
            long offset = run.NextOffset;
            long length = run.EndOffsetOf(stop - 1) - offset;
            counters.Requested();
            (HttpResponseMessage? answer, ReplicaFault? fault) = await transport.OpenAsync(
                lease.Endpoint, run.Layout.Digest, offset, length, run.Layout.Artifact.SizeBytes, span?.Id, watch.Token);
            if (answer is null)
            {
                return new TransferEnd(watch.End is WatchEnd.None ? fault : null);
            }

            using (answer)
            {
                watch.HeadCame();
                span.Answered(answer);
                lease.FirstByte();
                Stream body = await answer.Content.ReadAsStreamAsync(watch.Token);
                await using (body)
                {
                    return await receiver.ReceiveAsync(
                        run, stop, body, answer.Content.Headers.ContentLength is not null, lease, watch);
                }
            }
        }
        catch (OperationCanceledException) when (watch.Token.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            return default; // The watch says why.
        }
    }

    private void Convict(FetchRun run, ReplicaLease lease, TransferEnd end)
    {
        Chunk chunk = run.Chunks[end.WrongIndex];
        Misbehaviour proof = new(
            lease.Endpoint.ProviderId, ReplicaTransport.UrlOf(lease.Endpoint, run.Layout.Digest), run.Layout.Digest,
            run.OffsetOf(end.WrongIndex), chunk.LengthBytes, chunk.Key.Digest, end.WrongDigest, clock.GetUtcNow());
        LogWrongBytes(proof.ProviderId, proof.Url, proof.Offset, proof.LengthBytes, proof.Expected, proof.Actual);
        reporter.Report(proof);
    }

    [LoggerMessage(5310, LogLevel.Information,
        "{Provider} at {Url}: {Fault} while it sent {Digest}; the rest from byte {Offset} on is fetched elsewhere")]
    private partial void LogFault(string provider, Uri url, ReplicaFault fault, Sha256Digest digest, long offset);

    [LoggerMessage(5311, LogLevel.Warning,
        "{Provider} sent wrong bytes: {Url}, {LengthBytes} bytes at {Offset} hash to {Actual}, the signed manifest says {Expected}")]
    private partial void LogWrongBytes(
        string provider, Uri url, long offset, int lengthBytes, Sha256Digest expected, Sha256Digest actual);
}
