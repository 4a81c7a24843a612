using System.Diagnostics.Metrics;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Hosting;
using PhaseMesh.Gateway.Redirects;
using PhaseMesh.Telemetry;

namespace PhaseMesh.Gateway.Diagnostics;

/// <summary>How clients come in: who downloads, waits, is turned away or sent on. docs/metrics.md lists names, units, labels.</summary>
internal sealed class ClientInstruments
{
    public const string MeterName = "PhaseMesh.Gateway.Clients";
    public const string Downloads = "phase.gateway.downloads";
    public const string Limit = "phase.gateway.downloads.limit";
    public const string Waiting = "phase.gateway.downloads.waiting";
    public const string Admitted = "phase.gateway.downloads.admitted";
    public const string Waited = "phase.gateway.downloads.waited";
    public const string WaitTime = "phase.gateway.downloads.wait_time";
    public const string Refused = "phase.gateway.downloads.refused";
    public const string Redirects = "phase.gateway.redirects";
    public const string HttpsRequests = "phase.gateway.https.requests";

    public ClientInstruments(HostMeters host, AdmissionControl admission, ReplicaRedirects redirects, RequestGauge requests)
    {
        Meter meter = host.Create(MeterName);
        meter.CreateObservableGauge(
            Downloads, Tagged("state", ("active", report => report.Active), ("slow", report => report.Slow)), "{download}",
            "Downloads under way; slow ones, whose clients are far slower than others, don't count towards the limit");
        meter.CreateObservableGauge(Limit, () => admission.Report().Limits.Streams, "{download}", "Downloads that may be under way");
        meter.CreateObservableGauge(
            Waiting, Tagged("priority", ("boot", report => report.WaitingBoot), ("bulk", report => report.WaitingBulk)), "{request}",
            "Requests that wait for a download to end");
        meter.CreateObservableCounter(Admitted, () => admission.Report().Admitted, "{download}", "Downloads that began");
        meter.CreateObservableCounter(Waited, () => admission.Report().Waited, "{request}", "Requests that waited, whatever came of it");
        meter.CreateObservableCounter(WaitTime, () => admission.Report().WaitedSeconds, "s", "Time that these waited");
        meter.CreateObservableCounter(
            Refused,
            Tagged("limit", ("streams", report => report.RefusedBy.Streams), ("site_streams", report => report.RefusedBy.SiteStreams),
                ("client_streams", report => report.RefusedBy.ClientStreams), ("queue", report => report.RefusedBy.Queue)),
            "{request}", "Requests that were told to come back, by the limit that they met");
        meter.CreateObservableCounter(Redirects, () => redirects.Answered, "{request}", "Requests that were sent to a replica");
        meter.CreateObservableCounter(HttpsRequests, () => requests.Https, "{request}", "Requests that came by HTTPS");

        Func<IEnumerable<Measurement<long>>> Tagged(string label, params (string Value, Func<AdmissionReport, long> Read)[] series) => () =>
        {
            AdmissionReport report = admission.Report();
            return series.Select(one => new Measurement<long>(one.Read(report), new KeyValuePair<string, object?>(label, one.Value)));
        };
    }
}
