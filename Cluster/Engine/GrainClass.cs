using System.Reflection;
using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Runtime;

namespace PhaseMesh.Cluster.Engine;

/// <summary>A grain class: how to make one, and its states.</summary>
internal sealed class GrainClass
{
    private readonly ConstructorInfo _constructor;

    public GrainClass(Type type, GrainClusterOptions options)
    {
        Type = type;
        Name = type.GetCustomAttribute<AliasAttribute>()?.Alias
            ?? (type.Name.EndsWith("Grain", StringComparison.Ordinal) && type.Name.Length > 5 ? type.Name[..^5] : type.Name);
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute));
        ConstructorInfo[] constructors = type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        _constructor = constructors.Length == 1
            ? constructors[0]
            : throw new GrainRuleException($"{type.Name} has {constructors.Length} constructors; a grain class has exactly one.");
        Interfaces = [.. type.GetInterfaces().Where(candidate =>
            candidate.IsAssignableTo(typeof(IGrainWithStringKey)) && candidate != typeof(IGrainWithStringKey))];
        States = [.. _constructor.GetParameters().Select(parameter => StateParameter(parameter, options)).OfType<GrainState>()];
        OverridesActivation = IsOverridden(nameof(Grain.OnActivateAsync));
        OverridesDeactivation = IsOverridden(nameof(Grain.OnDeactivateAsync));
        IsRemindable = type.IsAssignableTo(typeof(IRemindable));
        Activation = GrainMethod.Internal(Name, nameof(Grain.OnActivateAsync));
        Reminder = GrainMethod.Internal(Name, nameof(IRemindable.ReceiveReminder), isInterleaving: IsReentrant);
        if (States.Select(state => state.Kind).Distinct().Count() != States.Count)
        {
            throw new GrainRuleException($"{type.Name} has two states of one name.");
        }
    }

    public Type Type { get; }

    /// <summary>The class's name without "Grain", or its alias: part of the stored names.</summary>
    public string Name { get; }

    public bool IsReentrant { get; }

    public bool IsRemindable { get; }

    public bool OverridesActivation { get; }

    public bool OverridesDeactivation { get; }

    public IReadOnlyList<Type> Interfaces { get; }

    public IReadOnlyList<GrainState> States { get; }

    public GrainMethod Activation { get; }

    public GrainMethod Reminder { get; }

    /// <exception cref="InvalidOperationException">A parameter is neither a state nor a known service.</exception>
    public Grain Create(Activation activation, IServiceProvider services)
    {
        ParameterInfo[] parameters = _constructor.GetParameters();
        object?[] arguments = new object?[parameters.Length];
        int state = 0;
        for (int i = 0; i < parameters.Length; i++)
        {
            arguments[i] = parameters[i].IsDefined(typeof(PersistentStateAttribute))
                ? States[state].Create(activation, state++)
                : services.GetService(parameters[i].ParameterType)
                    ?? (parameters[i].HasDefaultValue
                        ? parameters[i].DefaultValue
                        : throw new InvalidOperationException(
                            $"{Type.Name} needs {parameters[i].ParameterType.Name} {parameters[i].Name}, which isn't registered as a "
                                + $"service."));
        }

        GrainBirth.Runtime = activation;
        try
        {
            return (Grain)_constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);
        }
        finally
        {
            GrainBirth.Runtime = null;
        }
    }

    private GrainState? StateParameter(ParameterInfo parameter, GrainClusterOptions options)
    {
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is not { } attribute)
        {
            return null;
        }

        Type type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new GrainRuleException($"{Type.Name}: parameter {parameter.Name} has [PersistentState] and type {type.Name}; "
                + $"expected IPersistentState<T>.");
        }

        Type state = type.GetGenericArguments()[0];
        if (state.GetConstructor(Type.EmptyTypes) is null)
        {
            throw new GrainRuleException($"{Type.Name}: state {state.Name} has no public parameterless constructor, which a grain "
                + $"without a record needs.");
        }

        return new GrainState($"{Name}.{attribute.StateName}", new StateCodec(state, options), state);
    }

    private bool IsOverridden(string method) => Type.GetMethods().Single(
        candidate => candidate.Name == method && candidate.GetBaseDefinition().DeclaringType
            == typeof(Grain)).DeclaringType != typeof(Grain);
}

/// <param name="kind">What its rows are called.</param>
/// <param name="codec">To and from JSON.</param>
/// <param name="type">The state's type.</param>
internal sealed class GrainState(string kind, StateCodec codec, Type type)
{
    private readonly ConstructorInfo _constructor = typeof(PersistentState<>).MakeGenericType(type).GetConstructors()[0];

    public string Kind => kind;

    public StateCodec Codec => codec;

    public object Create(Activation activation, int index) => _constructor.Invoke([activation, index]);
}
