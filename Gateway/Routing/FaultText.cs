namespace PhaseMesh.Gateway.Routing;

/// <summary>Faults in words, for explanations.</summary>
internal static class FaultText
{
    public static string Of(ReplicaFault fault) => fault switch
    {
        ReplicaFault.ConnectFailed => "a failed connection",
        ReplicaFault.Stalled => "a stall",
        ReplicaFault.Reset => "a broken connection",
        ReplicaFault.WrongBytes => "wrong bytes",
        ReplicaFault.WrongRange => "a wrong range",
        ReplicaFault.WrongStatus => "a wrong status",
        ReplicaFault.Truncated => "a truncated body",
        ReplicaFault.Overlong => "an over-long body",
        _ => "saying that it is busy",
    };
}
