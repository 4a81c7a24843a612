using System.Reflection;
using System.Reflection.Emit;

namespace PhaseMesh.Cluster.Engine;

/// <summary>
/// Makes a class per grain interface: each method puts its arguments into an invocation object of its own and hands that to
/// <see cref="GrainReference"/>. No boxing, no argument arrays, no reflection at call time (DispatchProxy: three times the cost of a
/// cached read).
/// </summary>
internal static class ReferenceEmitter
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<Type, (Func<GrainReference> Create, MethodInfo[] Methods)> Made = [];
    private static readonly HashSet<string> Opened = [];
    private static readonly AssemblyBuilder Assembly = AssemblyBuilder.DefineDynamicAssembly(
        new AssemblyName("PhaseMesh.Cluster.References"), AssemblyBuilderAccess.Run);

    private static readonly ModuleBuilder Module = Assembly.DefineDynamicModule("references");
    private static readonly ConstructorInfo Access = DefineAccessAttribute();

    /// <returns>What makes a reference, and the methods by the index its calls use.</returns>
    public static (Func<GrainReference> Create, MethodInfo[] Methods) For(Type grainInterface)
    {
        lock (Gate)
        {
            if (!Made.TryGetValue(grainInterface, out (Func<GrainReference>, MethodInfo[]) made))
            {
                made = Emit(grainInterface);
                Made.Add(grainInterface, made);
            }

            return made;
        }
    }

    public static MethodInfo[] MethodsOf(Type grainInterface) =>
    [
        .. new[] { grainInterface }.Concat(grainInterface.GetInterfaces()).SelectMany(type => type.GetMethods())
            .Where(method => method.IsAbstract && !method.IsStatic),
    ];

    private static (Func<GrainReference>, MethodInfo[]) Emit(Type grainInterface)
    {
        foreach (Type type in grainInterface.GetInterfaces().Append(grainInterface).Append(typeof(GrainReference)))
        {
            Open(type.Assembly);
        }

        MethodInfo[] methods = MethodsOf(grainInterface);
        foreach (Type parameter in methods.SelectMany(
            method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)))
        {
            foreach (Type type in parameter.GenericTypeArguments.Append(parameter))
            {
                Open(type.Assembly);
            }
        }

        TypeBuilder reference = Module.DefineType(
            $"{grainInterface.FullName}.Reference{Made.Count}", TypeAttributes.Public | TypeAttributes.Sealed,
                typeof(GrainReference), [grainInterface]);
        for (int i = 0; i < methods.Length; i++)
        {
            EmitMethod(reference, grainInterface, methods[i], i);
        }

        ConstructorInfo constructor = reference.CreateType().GetConstructor(Type.EmptyTypes)!;
        DynamicMethod create = new("Create", typeof(GrainReference), [], typeof(ReferenceEmitter).Module, skipVisibility: true);
        ILGenerator il = create.GetILGenerator();
        il.Emit(OpCodes.Newobj, constructor);
        il.Emit(OpCodes.Ret);
        return (create.CreateDelegate<Func<GrainReference>>(), methods);
    }

    private static void EmitMethod(TypeBuilder reference, Type grainInterface, MethodInfo method, int index)
    {
        Type[] parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        (string hand, Type[] result) = method.ReturnType switch
        {
            { IsGenericType: false } type when type == typeof(Task) => ("Call", Type.EmptyTypes),
            { IsGenericType: false } type when type == typeof(ValueTask) => ("CallValue", Type.EmptyTypes),
            { IsGenericType: true } type when type.GetGenericTypeDefinition() == typeof(Task<>) => ("Call", type.GenericTypeArguments),
            { IsGenericType: true } type when type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                ("CallValue", type.GenericTypeArguments),
            { } type => throw new GrainRuleException(
                $"{grainInterface.Name}.{method.Name} returns {type.Name}; grain methods return Task, Task<T>, ValueTask or ValueTask<T>."),
        };
        if (method.IsGenericMethodDefinition || parameters.Any(parameter => parameter.IsByRef
            || parameter.IsByRefLike || parameter.IsPointer))
        {
            throw new GrainRuleException($"{grainInterface.Name}.{method.Name} is generic or has a parameter by reference; a call "
                + $"must travel as values.");
        }

        MethodInfo handOver = typeof(GrainReference).GetMethods(BindingFlags.NonPublic | BindingFlags.Instance)
            .Single(candidate => candidate.Name == hand && candidate.IsGenericMethodDefinition == result.Length > 0);
        handOver = result.Length > 0 ? handOver.MakeGenericMethod(result) : handOver;

        MethodBuilder body = reference.DefineMethod(
            $"{method.DeclaringType!.FullName}.{method.Name}.{index}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final
                | MethodAttributes.NewSlot | MethodAttributes.HideBySig,
            method.ReturnType,
            parameters);
        ILGenerator il = body.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        for (int i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Ldarg, i + 1);
        }

        il.Emit(OpCodes.Newobj, EmitInvocation($"{grainInterface.FullName}.Call{Made.Count}.{index}", method, parameters));
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Call, handOver);
        il.Emit(OpCodes.Ret);
        reference.DefineMethodOverride(body, method);
    }

    private static ConstructorBuilder EmitInvocation(string name, MethodInfo method, Type[] parameters)
    {
        TypeBuilder invocation = Module.DefineType(name, TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainInvocation));
        FieldBuilder[] fields = [.. parameters.Select((type, i) => invocation.DefineField($"_{i}", type, FieldAttributes.Private))];
        ConstructorBuilder constructor = invocation.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters);
        ILGenerator il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(GrainInvocation).GetConstructor(BindingFlags.NonPublic | BindingFlags.Instance, Type.EmptyTypes)!);
        for (int i = 0; i < fields.Length; i++)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg, i + 1);
            il.Emit(OpCodes.Stfld, fields[i]);
        }

        il.Emit(OpCodes.Ret);

        MethodInfo abstractInvoke = typeof(GrainInvocation).GetMethod(nameof(GrainInvocation.InvokeAsync))!;
        MethodBuilder invoke = invocation.DefineMethod(
            abstractInvoke.Name, MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig,
                typeof(Task), [typeof(object)]);
        il = invoke.GetILGenerator();
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Castclass, method.DeclaringType!);
        foreach (FieldBuilder field in fields)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, field);
        }

        il.Emit(OpCodes.Callvirt, method);
        if (method.ReturnType.IsValueType)
        {
            LocalBuilder result = il.DeclareLocal(method.ReturnType);
            il.Emit(OpCodes.Stloc, result);
            il.Emit(OpCodes.Ldloca, result);
            il.Emit(OpCodes.Call, method.ReturnType.GetMethod(nameof(ValueTask.AsTask))!);
        }

        il.Emit(OpCodes.Ret);
        invocation.CreateType();
        return constructor;
    }

    /// <summary>Lets the emitted classes use what is internal to an assembly: grain interfaces need not be public.</summary>
    private static void Open(Assembly assembly)
    {
        if (assembly.GetName().Name is { } name && Opened.Add(name))
        {
            Assembly.SetCustomAttribute(new CustomAttributeBuilder(Access, [name]));
        }
    }

    /// <summary>The runtime knows this attribute by its name only.</summary>
    private static ConstructorInfo DefineAccessAttribute()
    {
        TypeBuilder attribute = Module.DefineType(
            "System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute", TypeAttributes.Public | TypeAttributes.Sealed,
                typeof(Attribute));
        FieldBuilder field = attribute.DefineField("_name", typeof(string), FieldAttributes.Private);
        ConstructorBuilder constructor = attribute.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, [typeof(string)]);
        ILGenerator il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(Attribute).GetConstructor(BindingFlags.NonPublic | BindingFlags.Instance, Type.EmptyTypes)!);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Stfld, field);
        il.Emit(OpCodes.Ret);
        Type made = attribute.CreateType();
        return made.GetConstructor([typeof(string)])!;
    }
}
