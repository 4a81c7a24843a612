using System.Globalization;
using PhaseMesh.Gateway.Directory;

namespace PhaseMesh.Gateway.Health;

/// <summary>While no source answers, every answer says how old the gateway's knowledge is.</summary>
internal static class SnapshotAge
{
    /// <summary>Seconds; absent while a source answers.</summary>
    public const string Header = "Phase-Snapshot-Age";

    public static Func<RequestDelegate, RequestDelegate> Middleware(ReplicaDirectory directory) => next => context =>
    {
        if (directory.Age is { } age)
        {
            context.Response.Headers[Header] = Seconds(age).ToString(CultureInfo.InvariantCulture);
        }

        return next(context);
    };

    public static long Seconds(TimeSpan age) => Math.Max(0, (long)age.TotalSeconds);
}
