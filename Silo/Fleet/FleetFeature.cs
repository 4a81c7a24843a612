using System.Diagnostics.CodeAnalysis;

namespace PhaseMesh.Silo.Fleet;

/// <summary>
/// Whether this plasmd can be a silo. The one in boot images can't: publishing it sets the switch to false, and trimming then leaves out
/// the grains, their engine and the database drivers.
/// </summary>
internal static class FleetFeature
{
    private const string Switch = "PhaseMesh.Cluster";

    [FeatureSwitchDefinition(Switch)]
    public static bool IsSupported => !AppContext.TryGetSwitch(Switch, out bool isEnabled) || isEnabled;
}
