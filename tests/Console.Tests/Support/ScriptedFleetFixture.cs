namespace PhaseMesh.Console.Tests.Support;

/// <summary>A scripted fleet with boots, one of which has a trace and a log.</summary>
public sealed class ScriptedFleetFixture : IAsyncLifetime
{
    private ScriptedFleet? _fleet;

    internal ScriptedFleet Fleet => _fleet!;

    public async Task InitializeAsync()
    {
        _fleet = await ScriptedFleet.StartAsync();
        _fleet.PutBoots();
        ScriptedTrace.Put(_fleet.Silo, ScriptedFleet.BootId(0), hasFailed: false);
        ScriptedTrace.Put(_fleet.Silo, ScriptedFleet.BootId(5), hasFailed: true);
    }

    public async Task DisposeAsync() => await (_fleet?.DisposeAsync() ?? ValueTask.CompletedTask);
}
