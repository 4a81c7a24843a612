namespace PhaseMesh.Grains.Providers;

/// <summary>
/// What a provider is to the fleet.
/// <code>
///                 heartbeat (admitted, not failing)
///   enrol -> Joining ----------------------------> Serving &lt;--heartbeat-- Suspect
///              | ^                                 |  |  |                  ^  |
///              | | enrol                   silence |  |  +-- silence -------+  | silence
///              | +---------------- Gone &lt;---------+--|---------------------+
///              +-- drain --> Draining &lt;-- drain -----+      Gone --forgotten--> (no record)
///   any -- proof or operator --> Quarantined -- operator releases --> Joining, or Gone if silent
/// </code>
/// </summary>
[GenerateSerializer]
public enum ProviderState
{
    /// <summary>Enrolled; waits for approval where the policy asks for it, else for its first good heartbeat.</summary>
    Joining,

    /// <summary>Admitted and heard of lately. Only these are given to clients.</summary>
    Serving,

    /// <summary>Gives what it is asked for, gets no new clients.</summary>
    Draining,

    /// <summary>Was serving, and is silent for <c>FleetOptions.SuspectAfter</c> or says that it fails.</summary>
    Suspect,

    /// <summary>Silent for <c>FleetOptions.GoneAfter</c>. Must enrol again; its key stays admitted until it is forgotten.</summary>
    Gone,

    /// <summary>Proven to lie, or taken out by an operator, who alone can end it.</summary>
    Quarantined,
}

/// <summary>What a node says about itself.</summary>
[GenerateSerializer]
public enum ProviderHealth
{
    Ok,

    /// <summary>Serves, slower or less than it should.</summary>
    Degraded,

    /// <summary>Can't serve: counts as suspect until it says otherwise.</summary>
    Failing,
}

/// <summary>How a provider was let in.</summary>
[GenerateSerializer]
public enum AdmissionKind
{
    /// <summary>By the policy "open".</summary>
    Open,

    /// <summary>With the ticket of its boot.</summary>
    Ticket,

    /// <summary>With a join token.</summary>
    Token,

    /// <summary>It waits for an operator, or one approved it.</summary>
    Approval,

    /// <summary>It is this silo's own.</summary>
    Silo,

    /// <summary>It brought neither ticket nor token: only a key that was admitted before gets in.</summary>
    Known,
}
