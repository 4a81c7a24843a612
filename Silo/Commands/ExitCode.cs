namespace PhaseMesh.Silo.Commands;

/// <summary>
/// What plasmd's exit codes mean. Scripts rely on them: a number never changes its meaning. docs/cli.md repeats the table; a test compares.
/// </summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failure = 1;
    public const int Usage = 2;
    public const int Refused = 3;
    public const int Configuration = 4;
    public const int NotReachable = 5;
    public const int NotServing = 6;
    public const int Disabled = 7;
    public const int FleetRefused = 8;
    public const int FleetAway = 9;
    public const int Interrupted = 130;

    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "done"),
        (Failure, "failed: a file could not be read or written, or the like"),
        (Usage, "the command line is wrong"),
        (Refused, "verification refused the manifest or an artifact"),
        (Configuration, "the configuration file or environment is wrong"),
        (NotReachable, "nobody answers or is found, at the URL, on the LAN or in the DHT"),
        (NotServing, "the provider answers, but serves no release"),
        (Disabled, "provider.enabled is false, so serve did not start"),
        (FleetRefused, "the fleet refused the call"),
        (FleetAway, "the fleet can't answer now, as its database is away"),
        (Interrupted, "interrupted by Ctrl-C or SIGTERM before it was done"),
    ];
}
