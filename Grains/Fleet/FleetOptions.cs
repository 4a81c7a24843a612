using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Grains.Fleet;

/// <summary>The fleet's times and limits. The same on all silos, or they disagree about who is silent.</summary>
public sealed class FleetOptions
{
    /// <summary>Until an operator sets one. Default: <see cref="AdmissionPolicy.Ticket"/>.</summary>
    public AdmissionPolicy InitialPolicy { get; set; } = AdmissionPolicy.Ticket;

    /// <summary>Key ids of operators that are such by configuration, besides those the fleet remembers.</summary>
    public IReadOnlyCollection<string> OperatorKeys { get; set; } = [];

    /// <summary>Key ids whose signatures count in channels that name none themselves. Default: none, so nothing can be published.</summary>
    public IReadOnlyCollection<string> TrustedKeys { get; set; } = [];

    /// <summary>How many of <see cref="TrustedKeys"/> must have signed. Default 1.</summary>
    public int TrustThreshold { get; set; } = 1;

    /// <summary>How often providers shall say that they are there. 1 s to 10 min; default 10 s.</summary>
    public TimeSpan HeartbeatPeriod { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A heartbeat that changes nothing is written this often. Default 30 s.</summary>
    public TimeSpan PersistHeartbeatEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Silent so long: suspect. At least <see cref="PersistHeartbeatEvery"/> and two periods more; default 60 s.</summary>
    public TimeSpan SuspectAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Silent so long: gone. Default 5 min.</summary>
    public TimeSpan GoneAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gone so long: forgotten, with its admission. Default 7 days.</summary>
    public TimeSpan ForgetProvidersAfter { get; set; } = TimeSpan.FromDays(7);

    /// <summary>New providers that nobody vouched for and that wait; more are refused. Default 1000.</summary>
    public int MaxJoining { get; set; } = 1000;

    /// <summary>
    /// Serving providers that must accuse another within <see cref="AccusationWindow"/> to quarantine it without proof. Default 3.
    /// </summary>
    public int AccusersToQuarantine { get; set; } = 3;

    /// <summary>Default 1 h.</summary>
    public TimeSpan AccusationWindow { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Replicas every offered artifact shall have. Default 2.</summary>
    public int ReplicasWanted { get; set; } = 2;

    /// <summary>A replica counts for so long after its provider last confirmed it; confirmed at a third of it. Default 30 min.</summary>
    public TimeSpan ReplicaLease { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>A boot silent for so long is stuck, by what it does; not said: 2 min.</summary>
    public IDictionary<BootSessions.BootPhase, TimeSpan> StuckAfter { get; } = new Dictionary<BootSessions.BootPhase, TimeSpan>
    {
        [BootSessions.BootPhase.Created] = TimeSpan.FromMinutes(2),
        [BootSessions.BootPhase.Discovered] = TimeSpan.FromMinutes(1),
        [BootSessions.BootPhase.Manifest] = TimeSpan.FromMinutes(1),
        [BootSessions.BootPhase.Fetching] = TimeSpan.FromMinutes(2),
        [BootSessions.BootPhase.Verified] = TimeSpan.FromMinutes(1),
        [BootSessions.BootPhase.Kexec] = TimeSpan.FromMinutes(5),
    };

    /// <summary>Stuck so long: lost. Default 10 min.</summary>
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Boot sessions are kept so long from their creation. Default 30 days.</summary>
    public TimeSpan KeepBootsFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>1 min to 1 day; default 1 h: a machine's whole boot.</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>A new release's rollout halts above this failure rate, until the channel says otherwise. 0 to 1; default 0.2.</summary>
    public double HaltFailureRate { get; set; } = 0.2;

    /// <summary>Fewer finished boots decide nothing. Default 10.</summary>
    public int MinimumBoots { get; set; } = 10;

    internal TimeSpan StuckAfterIn(BootSessions.BootPhase phase) => StuckAfter.TryGetValue(phase, out TimeSpan after) ? after
        : TimeSpan.FromMinutes(2);

    /// <returns>All that is wrong, each with property, value and rule; empty where all is well.</returns>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check(HeartbeatPeriod >= TimeSpan.FromSeconds(1) && HeartbeatPeriod <= TimeSpan.FromMinutes(10),
            $"{nameof(HeartbeatPeriod)} {HeartbeatPeriod}: expected 1 s to 10 min");
        Check(PersistHeartbeatEvery >= HeartbeatPeriod,
            $"{nameof(PersistHeartbeatEvery)} {PersistHeartbeatEvery}: expected at least {HeartbeatPeriod}");
        Check(SuspectAfter >= PersistHeartbeatEvery + (2 * HeartbeatPeriod),
            $"{nameof(SuspectAfter)} {SuspectAfter}: expected at least {PersistHeartbeatEvery + (2 * HeartbeatPeriod)}, or providers are "
                + $"suspected for nothing");
        Check(GoneAfter > SuspectAfter, $"{nameof(GoneAfter)} {GoneAfter}: expected more than {nameof(SuspectAfter)} {SuspectAfter}");
        Check(ForgetProvidersAfter > GoneAfter, $"{nameof(ForgetProvidersAfter)} {ForgetProvidersAfter}: expected more than {GoneAfter}");
        Check(MaxJoining > 0, $"{nameof(MaxJoining)} {MaxJoining}: expected at least 1");
        Check(AccusersToQuarantine > 0, $"{nameof(AccusersToQuarantine)} {AccusersToQuarantine}: expected at least 1");
        Check(AccusationWindow > TimeSpan.Zero, $"{nameof(AccusationWindow)} {AccusationWindow}: expected more than zero");
        Check(ReplicasWanted is >= 0 and <= Artifacts.ArtifactLimits.MaxReplicasWanted,
            $"{nameof(ReplicasWanted)} {ReplicasWanted}: expected 0 to {Artifacts.ArtifactLimits.MaxReplicasWanted}");
        Check(ReplicaLease >= 6 * PersistHeartbeatEvery,
            $"{nameof(ReplicaLease)} {ReplicaLease}: expected at least {6 * PersistHeartbeatEvery}");
        Check(StuckAfter.Values.All(after => after > TimeSpan.Zero), $"{nameof(StuckAfter)}: expected more than zero for each phase");
        Check(LostAfter > TimeSpan.Zero, $"{nameof(LostAfter)} {LostAfter}: expected more than zero");
        Check(KeepBootsFor >= TimeSpan.FromHours(1), $"{nameof(KeepBootsFor)} {KeepBootsFor}: expected at least 1 h");
        Check(TicketLifetime >= TimeSpan.FromMinutes(1) && TicketLifetime <= TimeSpan.FromDays(1),
            $"{nameof(TicketLifetime)} {TicketLifetime}: expected 1 min to 1 day");
        Check(HaltFailureRate is >= 0 and <= 1, $"{nameof(HaltFailureRate)} {HaltFailureRate}: expected 0 to 1");
        Check(MinimumBoots is >= 1 and <= 100_000, $"{nameof(MinimumBoots)} {MinimumBoots}: expected 1 to 100000");
        Check(TrustedKeys.Concat(OperatorKeys).All(key => Ed25519PublicKey.TryParse(key, out _)),
            $"{nameof(TrustedKeys)}, {nameof(OperatorKeys)}: expected {Ed25519PublicKey.Expected} for each");
        Check(TrustThreshold >= 1 && TrustThreshold <= Math.Max(1, TrustedKeys.Distinct().Count()),
            $"{nameof(TrustThreshold)} {TrustThreshold}: expected 1 to the number of trusted keys");
        return faults;

        void Check(bool holds, string fault)
        {
            if (!holds)
            {
                faults.Add(fault);
            }
        }
    }
}
