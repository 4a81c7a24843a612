using System.Diagnostics.CodeAnalysis;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.Silo.Joining;

/// <summary>
/// What the agent left of its boot's trace in the initramfs (docs/joining.md): the spans that the fleet had not taken, and, under way, the
/// boot itself and its last step, which is kexec.
/// </summary>
/// <param name="Source">The agent.</param>
/// <param name="Boot">The root.</param>
/// <param name="Kexec">From handing the images to the kernel.</param>
/// <param name="Rest">All of them ended.</param>
internal sealed record CarriedTrace(TraceSource Source, TraceSpan Boot, TraceSpan Kexec, IReadOnlyList<TraceSpan> Rest)
{
    /// <param name="path">Of a file that anybody may have written.</param>
    /// <param name="bootId">Of this boot.</param>
    /// <param name="problem">Why not; empty where nothing was carried, or told already.</param>
    public static bool TryRead(string path, string bootId, [NotNullWhen(true)] out CarriedTrace? trace, out string problem)
    {
        (trace, problem) = (null, string.Empty);
        byte[] bytes = new byte[TraceLimits.MaxBytes + 1];
        int length;
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
            return false;
        }

        if (!TraceReader.TryRead(bytes.AsMemory(0, length), bootId, out IReadOnlyList<TraceSpans>? sources, out problem))
        {
            return false;
        }

        if (sources is not [{ } agent])
        {
            problem = $"resourceSpans: expected one source, found {sources.Count}";
            return false;
        }

        List<TraceSpan> open = [.. agent.Spans.Where(span => span.End is null)];
        string root = TraceSpan.RootOf(bootId);
        if (open.Count != 2 || open.SingleOrDefault(span => span.Id == root) is not { Parent: null } boot
            || open.Single(span => span != boot) is not { } kexec || kexec.Parent != root || kexec.Start < boot.Start)
        {
            problem = $"resourceSpans[0]: expected the boot {root} and one step of it under way, found {open.Count} spans without an end";
            return false;
        }

        trace = new CarriedTrace(agent.Source, boot, kexec, [.. agent.Spans.Except(open)]);
        return true;
    }
}
