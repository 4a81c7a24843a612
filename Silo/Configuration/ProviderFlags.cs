using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace PhaseMesh.Silo.Configuration;

/// <summary>
/// The settings given on the command line, already checked by the rules of <see cref="ProviderSettings"/>; null is not given.
/// </summary>
internal sealed record ProviderFlags
{
    public string? ConfigPath { get; init; }

    public string? ArtifactsDirectory { get; init; }

    public string? StateDirectory { get; init; }

    public string? Channel { get; init; }

    public IReadOnlyList<string> Archs { get; init; } = [];

    public int? Port { get; init; }

    public string? Bind { get; init; }

    public string? Mode { get; init; }

    public int? DhtPort { get; init; }

    public IReadOnlyList<string> Bootstrap { get; init; } = [];

    public string? PeersFile { get; init; }

    /// <summary>Keys, or files with keys.</summary>
    public IReadOnlyList<string> Trust { get; init; } = [];

    public string? ClusterDatabase { get; init; }

    public string? SiloName { get; init; }

    public IReadOnlyList<string> Fleet { get; init; } = [];

    public string? JoinToken { get; init; }

    public string? BootId { get; init; }

    public string? BootTicket { get; init; }

    public string? BootTrace { get; init; }

    /// <summary>The flags as the uppermost layer of configuration.</summary>
    public Dictionary<string, string?> ToConfiguration()
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Add(ProviderKeys.Of(ProviderSettings.ArtifactsDirectory), ArtifactsDirectory);
        Add(ProviderKeys.Of(ProviderSettings.StateDirectory), StateDirectory);
        Add(ProviderKeys.Of(ProviderSettings.Port), Port?.ToString(CultureInfo.InvariantCulture));
        Add(ProviderKeys.Of(ProviderSettings.Bind), Bind);
        Add(ProviderKeys.SelectedChannel, Channel);
        AddList(ProviderKeys.SelectedArchs, Archs);
        AddList(ProviderKeys.Of(ProviderSettings.Trust), Trust);
        Add(ProviderKeys.Of(ProviderSettings.Mode), Mode);
        Add(ProviderKeys.OfDht(ProviderSettings.DhtPort), DhtPort?.ToString(CultureInfo.InvariantCulture));
        AddList(ProviderKeys.OfDht(ProviderSettings.Bootstrap), Bootstrap);
        Add(ProviderKeys.OfDht(ProviderSettings.PeersFile), PeersFile);
        Add(ProviderKeys.OfCluster(ProviderSettings.Database), ClusterDatabase);
        Add(ProviderKeys.OfCluster(ProviderSettings.SiloName), SiloName);
        AddList(ProviderKeys.OfFleet(ProviderSettings.FleetUrl), Fleet);
        Add(ProviderKeys.OfFleet(ProviderSettings.FleetToken), JoinToken);
        Add(ProviderKeys.BootId, BootId);
        Add(ProviderKeys.BootTicket, BootTicket);
        Add(ProviderKeys.BootTrace, BootTrace);
        return data;

        void AddList(string path, IReadOnlyList<string> values)
        {
            for (int i = 0; i < values.Count; i++)
            {
                Add(ConfigurationPath.Combine(path, i.ToString(CultureInfo.InvariantCulture)), values[i]);
            }
        }

        void Add(string path, string? value)
        {
            if (value is not null)
            {
                data[path] = value;
            }
        }
    }
}
