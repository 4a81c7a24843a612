using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using PhaseMesh.Gateway.Configuration;
using IPNetwork = System.Net.IPNetwork;

namespace PhaseMesh.Gateway.Clients;

/// <summary>
/// Takes a client's address from <c>X-Forwarded-For</c> where a configured proxy sent it: from the right, past every trusted proxy, to the
/// first that isn't one. Anyone else may write what he likes there; it is not read.
/// </summary>
internal sealed class ForwardedAddress(LiveOptions options, ILoggerFactory loggers)
{
    private State _state = new([], null);

    public Func<RequestDelegate, RequestDelegate> Middleware => next => context =>
    {
        IReadOnlyList<IPNetwork> trusted = options.Current.TrustedProxies;
        State state = Volatile.Read(ref _state);
        if (!ReferenceEquals(state.Trusted, trusted))
        {
            state = new State(trusted, Make(trusted));
            Volatile.Write(ref _state, state);
        }

        state.Reader?.ApplyForwarders(context);
        return next(context);
    };

    private ForwardedHeadersMiddleware? Make(IReadOnlyList<IPNetwork> trusted)
    {
        if (trusted.Count == 0)
        {
            return null;
        }

        ForwardedHeadersOptions reader = new() { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        reader.KnownIPNetworks.Clear(); // Loopback is in it by default.
        reader.KnownProxies.Clear();
        foreach (IPNetwork network in trusted)
        {
            reader.KnownIPNetworks.Add(network);
        }

        return new ForwardedHeadersMiddleware(_ => Task.CompletedTask, loggers, Options.Create(reader));
    }

    private sealed record State(IReadOnlyList<IPNetwork> Trusted, ForwardedHeadersMiddleware? Reader);
}
