using PhaseMesh.Manifests.Naming;
using PhaseMesh.Silo.Catalog;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary>From a request's path to what it names.</summary>
internal static class SlotRoute
{
    public const string Prefix = "/{channel}/{arch}";

    /// <summary>The slot of <c>/{channel}/{arch}/...</c>, or the default one of a path without; null and an explanation if there is none.</summary>
    public static SlotSnapshot? Find(HttpContext context, CatalogSnapshot catalog, out string? problem)
    {
        problem = null;
        RouteValueDictionary values = context.Request.RouteValues;
        if (values.Count == 0)
        {
            problem = catalog.Default is null ? "This provider is configured to serve no channel." : null;
            return catalog.Default;
        }

        if (ReleaseChannelName.TryParse(values["channel"] as string, out ReleaseChannelName channel)
            && MachineArch.TryParse(values["arch"] as string, out MachineArch arch)
            && catalog.Find(channel, arch) is { } slot)
        {
            return slot;
        }

        problem = $"This provider serves {string.Join(", ", catalog.Slots.Select(served => served.Slot))}, not {values["channel"]}/{values["arch"]}.";
        return null;
    }

    /// <summary>The release to answer from, or null after the answer was written.</summary>
    public static Release? Release(HttpContext context, CatalogSnapshot catalog, out Task answered)
    {
        answered = Task.CompletedTask;
        if (Find(context, catalog, out string? problem) is not { } slot)
        {
            answered = Problem.NotFoundAsync(context, problem!);
            return null;
        }

        string? reason = slot.Serving is { } release ? release.WithdrawnBecause : slot.Candidate?.Problem ?? "The files were not looked at yet.";
        if (reason is not null)
        {
            answered = Problem.UnavailableAsync(context, $"{slot.Slot}: {reason}");
            return null;
        }

        return slot.Serving;
    }
}
