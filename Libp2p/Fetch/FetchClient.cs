using PhaseMesh.Libp2p.Host;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>How long a <see cref="FetchClient"/> waits.</summary>
public sealed record FetchClientOptions
{
    /// <summary>From a request to the head of its answer.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence in the middle of a body.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>
/// Fetches from peers. What arrives is as long as the answer said and no more; whether it is what was asked for only the digest tells,
/// and checking that is the caller's.
/// </summary>
public sealed class FetchClient(Libp2pHost host, FetchClientOptions? options = null)
{
    private readonly FetchClientOptions _options = options ?? new FetchClientOptions();

    /// <summary>
    /// One request on a stream of its own, which the response owns. To a peer known to speak the protocol the request travels with the
    /// proposal: one round trip on a connection that is there.
    /// </summary>
    /// <exception cref="FetchRefusedException">The peer refused.</exception>
    /// <exception cref="Libp2pException">The peer could not be reached, does not speak the protocol, or broke it.</exception>
    public async Task<FetchResponse> FetchAsync(PeerId peer, FetchRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        PeerConnection connection = await host.ConnectAsync(peer, cancellationToken);
        byte[] message = LengthPrefixed.Frame(request.Encode());
        // A peer that does not speak the protocol would take the request for another proposal, and count it as our fault.
        bool isSpoken = host.Peers.ProtocolsOf(peer).Contains(FetchProtocol.Id);
        FetchSession session = new(
            isSpoken
                ? await connection.OpenStreamAsync(FetchProtocol.Id, message, cancellationToken)
                : await connection.OpenStreamAsync([FetchProtocol.Id], cancellationToken),
            _options);
        try
        {
            if (!isSpoken)
            {
                await session.SendAsync(message, cancellationToken);
            }
            FetchResponse response = await session.ReceiveAsync(request, ownsSession: true, cancellationToken);
            await session.CloseWriteAsync(cancellationToken); // Not before: js-libp2p resets a stream that is closed during its set-up.
            return response;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>A stream for several requests, one after another.</summary>
    /// <exception cref="Libp2pException">The peer could not be reached or does not speak the protocol.</exception>
    public async Task<FetchSession> OpenAsync(PeerId peer, CancellationToken cancellationToken = default) =>
        new(await host.OpenStreamAsync(peer, [FetchProtocol.Id], cancellationToken), _options);
}
