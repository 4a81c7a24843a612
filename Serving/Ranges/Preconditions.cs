using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PhaseMesh.Serving.Ranges;

public enum PreconditionOutcome
{
    Proceed,
    NotModified,
    Failed,
}

/// <summary>Conditional requests, in the order of RFC 9110 section 13.2.2. Entity tags are strong, being digests.</summary>
public static class Preconditions
{
    public static PreconditionOutcome Evaluate(IHeaderDictionary request, string entityTag, DateTimeOffset? lastModified)
    {
        if (request.IfMatch.Count > 0)
        {
            if (!Matches(request.IfMatch, entityTag, useStrongComparison: true))
            {
                return PreconditionOutcome.Failed;
            }
        }
        else if (TryDate(request.IfUnmodifiedSince, out DateTimeOffset unmodifiedSince) && ToSeconds(lastModified) > unmodifiedSince)
        {
            return PreconditionOutcome.Failed;
        }

        if (request.IfNoneMatch.Count > 0)
        {
            return Matches(request.IfNoneMatch, entityTag, useStrongComparison: false) ? PreconditionOutcome.NotModified : PreconditionOutcome.Proceed;
        }

        return TryDate(request.IfModifiedSince, out DateTimeOffset modifiedSince) && ToSeconds(lastModified) <= modifiedSince
            ? PreconditionOutcome.NotModified
            : PreconditionOutcome.Proceed;
    }

    /// <summary>
    /// Whether a Range may be honoured: no If-Range, or the very tag, or the very date; a weak tag never (section 13.1.5).
    /// </summary>
    public static bool AllowRange(IHeaderDictionary request, string entityTag, DateTimeOffset? lastModified)
    {
        StringValues field = request.IfRange;
        if (field.Count == 0)
        {
            return true;
        }

        return field.Count == 1 && RangeConditionHeaderValue.TryParse(field[0], out RangeConditionHeaderValue? condition)
            && (condition.EntityTag is { } tag
                ? !tag.IsWeak && tag.Tag.Equals(entityTag, StringComparison.Ordinal)
                : condition.LastModified == ToSeconds(lastModified));
    }

    private static bool Matches(StringValues field, string entityTag, bool useStrongComparison)
    {
        // The one tag that we gave out, as nearly every request has it, without parsing.
        if (field.Count == 1 && field[0] == entityTag)
        {
            return true;
        }

        EntityTagHeaderValue own = new(entityTag);
        return EntityTagHeaderValue.TryParseList(field, out IList<EntityTagHeaderValue>? tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(own, useStrongComparison));
    }

    private static bool TryDate(StringValues field, out DateTimeOffset date)
    {
        date = default;
        return field.Count == 1 && HeaderUtilities.TryParseDate(field[0], out date);
    }

    // HTTP dates have whole seconds.
    private static DateTimeOffset? ToSeconds(DateTimeOffset? date) => date is { } value ? DateTimeOffset.FromUnixTimeSeconds(value.ToUnixTimeSeconds()) : null;
}
