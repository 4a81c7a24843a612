namespace PhaseMesh.Silo.Health;

/// <summary>What started the provider and wants to know how it does: systemd's sd_notify(3) on Linux, nobody elsewhere.</summary>
internal interface IServiceManager
{
    /// <summary>How often <see cref="Notify"/> must say <c>WATCHDOG=1</c>; null when nobody watches.</summary>
    TimeSpan? WatchdogInterval { get; }

    /// <param name="state">Such as <c>READY=1</c>.</param>
    void Notify(string state);
}

internal sealed class NoServiceManager : IServiceManager
{
    public TimeSpan? WatchdogInterval => null;

    public void Notify(string state)
    {
    }
}
