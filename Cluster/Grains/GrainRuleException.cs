namespace PhaseMesh.Cluster;

/// <summary>A grain broke a rule that both engines need; a fault of the grain's code, never of its caller.</summary>
public class GrainRuleException : InvalidOperationException
{
    public GrainRuleException()
    {
    }

    public GrainRuleException(string message)
        : base(message)
    {
    }

    public GrainRuleException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A chain of calls came back to a grain that waits for it. Nobody waited: the call failed at once.</summary>
public sealed class GrainCallCycleException : GrainRuleException
{
    public GrainCallCycleException()
    {
    }

    public GrainCallCycleException(string message)
        : base(message)
    {
    }

    public GrainCallCycleException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
