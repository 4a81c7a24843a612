using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PhaseMesh.Serving.Ranges;

/// <summary>What a Range field asks of a representation (RFC 9110 section 14.2).</summary>
/// <remarks>
/// The whole body is the answer to what isn't understood or looks like abuse: another unit, bad syntax, more than 16 ranges, or ranges that
/// overlap (nobody needs the same byte twice in one answer). 416 only if every range lies past the end.
/// </remarks>
public readonly record struct RangeRequest
{
    public const int MaxRanges = 16;

    private RangeRequest(bool isSatisfiable, IReadOnlyList<ByteRange> ranges)
    {
        IsSatisfiable = isSatisfiable;
        Ranges = ranges;
    }

    public bool IsSatisfiable { get; }

    /// <summary>In the order asked for; empty means the whole body.</summary>
    public IReadOnlyList<ByteRange> Ranges { get; }

    public static RangeRequest Whole { get; } = new(true, []);

    public static RangeRequest Unsatisfiable { get; } = new(false, []);

    public static RangeRequest Read(StringValues field, long totalBytes)
    {
        if (field.Count != 1 || !RangeHeaderValue.TryParse(field[0], out RangeHeaderValue? asked)
            || !asked.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase) || asked.Ranges.Count is 0 or > MaxRanges)
        {
            return Whole;
        }

        List<ByteRange> ranges = new(asked.Ranges.Count);
        foreach (RangeItemHeaderValue item in asked.Ranges)
        {
            if (Resolve(item, totalBytes) is { } range)
            {
                if (ranges.Exists(range.Overlaps))
                {
                    return Whole;
                }

                ranges.Add(range);
            }
        }

        return ranges.Count == 0 ? Unsatisfiable : new RangeRequest(true, ranges);
    }

    private static ByteRange? Resolve(RangeItemHeaderValue item, long totalBytes)
    {
        if (item.From is not { } first)
        {
            long suffix = Math.Min(item.To ?? 0, totalBytes);
            return suffix > 0 ? new ByteRange(totalBytes - suffix, suffix) : null;
        }

        long last = Math.Min(item.To ?? long.MaxValue, totalBytes - 1);
        return first < totalBytes ? new ByteRange(first, last - first + 1) : null;
    }
}
