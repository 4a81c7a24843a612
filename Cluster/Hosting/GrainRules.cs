using System.Collections.Immutable;
using System.Reflection;
using PhaseMesh.Cluster.Engine;

namespace PhaseMesh.Cluster.Hosting;

/// <summary>
/// What can be told of grain classes without running them, for a test of each assembly with grains. The rules hold for both engines:
/// keys are strings, methods are asynchronous, arguments and results never change, and a grain keeps nothing in its own fields.
/// </summary>
public static class GrainRules
{
    /// <exception cref="GrainRuleException">Every breach, one a line.</exception>
    public static void Check(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        List<string> faults = [];
        foreach (Type type in assembly.GetTypes())
        {
            if (type.IsInterface && type.IsAssignableTo(typeof(IGrain)))
            {
                CheckInterface(type, faults);
            }
            else if (type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(Grain)))
            {
                CheckClass(type, faults);
            }
        }

        if (faults.Count > 0)
        {
            throw new GrainRuleException($"{assembly.GetName().Name} breaks {faults.Count} grain rules:{Environment.NewLine}"
                + string.Join(Environment.NewLine, faults));
        }
    }

    private static void CheckInterface(Type type, List<string> faults)
    {
        if (!type.IsAssignableTo(typeof(IGrainWithStringKey)))
        {
            faults.Add($"{type.Name} is a grain interface without IGrainWithStringKey; grains here are named by strings.");
        }

        foreach (MethodInfo method in ReferenceEmitter.MethodsOf(type).Where(method => method.DeclaringType == type))
        {
            string name = $"{type.Name}.{method.Name}";
            Type result = method.ReturnType;
            bool isTyped = result.IsGenericType && result.GetGenericTypeDefinition() is { } open
                && (open == typeof(Task<>) || open == typeof(ValueTask<>));
            if (!isTyped && result != typeof(Task) && result != typeof(ValueTask))
            {
                faults.Add($"{name} returns {result.Name}; expected Task, Task<T>, ValueTask or ValueTask<T>.");
            }
            else if (isTyped && Changeable(result.GenericTypeArguments[0], 0) is { } part)
            {
                faults.Add($"{name} returns {part}, which can change; results are shared, so mark its type [Immutable] if it never does.");
            }

            if (method.IsGenericMethodDefinition)
            {
                faults.Add($"{name} is generic; a call must travel as plain values.");
            }

            foreach (ParameterInfo parameter in method.GetParameters())
            {
                if (parameter.ParameterType.IsByRef)
                {
                    faults.Add($"{name} takes {parameter.Name} by reference; a call must travel as plain values.");
                }
                else if (!parameter.IsDefined(typeof(ImmutableAttribute)) && Changeable(parameter.ParameterType, 0) is { } argument)
                {
                    faults.Add($"{name} takes {argument}, which can change; a turn may run again with it, so mark its type "
                        + $"[Immutable] if it never does.");
                }
            }
        }
    }

    private static void CheckClass(Type type, List<string> faults)
    {
        try
        {
            _ = new GrainClass(type, new GrainClusterOptions());
        }
        catch (GrainRuleException exception)
        {
            faults.Add(exception.Message);
        }

        for (Type? declared = type; declared is not null && declared != typeof(Grain); declared = declared.BaseType)
        {
            // A captured constructor parameter is a field too, of a name that no source can have; it is not assigned again unless the
            // code does so.
            foreach (FieldInfo field in declared.GetFields(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(field => !field.IsInitOnly && !field.Name.Contains('<', StringComparison.Ordinal)))
            {
                faults.Add($"{type.Name}.{field.Name} can be assigned; every silo has a {type.Name} of its own, so what isn't in its "
                    + $"state isn't there.");
            }
        }
    }

    /// <returns>The part of a type that is not known to be immutable, or null.</returns>
    private static string? Changeable(Type type, int depth)
    {
        if (type.IsPrimitive || type.IsEnum || type == typeof(string)
            || type == typeof(decimal) || type == typeof(Uri) || type == typeof(Version)
            || type == typeof(CancellationToken) || type == typeof(Type) || type.IsDefined(typeof(ImmutableAttribute), inherit: true)
            || type.IsAssignableTo(typeof(IGrain)) || type.IsAssignableTo(typeof(IGrainObserver)) || type.IsAssignableTo(typeof(Delegate)))
        {
            return null;
        }

        if (type.IsValueType && type.Namespace is "System" && !type.IsGenericType)
        {
            return null;
        }

        if (type.IsGenericType && depth < 8)
        {
            Type open = type.GetGenericTypeDefinition();
            bool isReadOnly = open == typeof(Nullable<>) || open == typeof(IReadOnlyList<>) || open == typeof(IReadOnlyCollection<>)
                || open == typeof(IReadOnlyDictionary<,>) || open == typeof(IReadOnlySet<>) || open == typeof(ReadOnlyMemory<>)
                || open == typeof(KeyValuePair<,>) || open.Namespace == typeof(ImmutableArray).Namespace
                || open.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal);
            return isReadOnly ? type.GenericTypeArguments.Select(
                argument => Changeable(argument, depth + 1)).FirstOrDefault(part => part is not null) : type.Name;
        }

        return type.Name;
    }
}
