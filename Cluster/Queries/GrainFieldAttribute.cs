namespace PhaseMesh.Cluster.Queries;

/// <summary>
/// A property of a state that queries may filter, order and count by. It is kept beside the state and indexed. Allowed are string, bool,
/// enums, integers up to long, DateTimeOffset and TimeSpan (both in whole microseconds), each also nullable. A property added later is
/// missing from rows until they are written again. At most <see cref="MaxFields"/> per state; strings over <see cref="MaxTextLength"/>
/// characters are cut.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GrainFieldAttribute : Attribute
{
    public const int MaxFields = 12;
    public const int MaxTextLength = 256;
}
