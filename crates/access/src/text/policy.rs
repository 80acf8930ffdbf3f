//! What `countersign policy` prints.

catalogue! {
    EXPLAIN_WHO: "who:        {who} ({groups}) as {account} on {target} ({labels}), level {level}; {when}, from {from}",
        "谁：        {who}（{groups}），账户 {account}，目标 {target}（{labels}），级别 {level}；{when}，来自 {from}";
    EXPLAIN_BEFORE: "before it:  {act}: {verdict} by {rule}",
        "此前：      {act}：{verdict}，依据 {rule}";
    EXPLAIN_UNDERSTOOD: "understood: yes",
        "已理解：    是";
    EXPLAIN_NOT_UNDERSTOOD: "understood: no, because of {obstacle}",
        "已理解：    否，原因：{obstacle}";
    EXPLAIN_RUN: "would run:  {run}",
        "将执行：    {run}";
    EXPLAIN_STRUCTURE: "structure:",
        "结构：";
    EXPLAIN_EFFECTS: "effects:",
        "影响：";
    EXPLAIN_PATHS: "paths, and the areas that they reach:",
        "路径及其涉及的区域：";
    EXPLAIN_TABLES: "tables with their columns, and the areas that they reach:",
        "表、列及其涉及的区域：";
    EXPLAIN_EVERY_ROW: ", every row",
        "，所有行";
    EXPLAIN_ANYWHERE: "anywhere",
        "任意位置";
    EXPLAIN_BELOW: " and all below it",
        " 及其下所有内容";
    EXPLAIN_VERDICT: "verdict:    {verdict}",
        "裁决：      {verdict}";
    EXPLAIN_RULE: "  by {rule} ({file}): {description}",
        "  依据 {rule}（{file}）：{description}";
    EXPLAIN_NEVER: "  {rule} is never lifted, by no quorum and no emergency",
        "  {rule} 永不解除：任何法定人数或紧急状态都不能解除";
    EXPLAIN_KNOWN: "known:      {facts}",
        "已知：      {facts}";
    EXPLAIN_MAX_BYTES: "  provided that no more than {bytes} bytes cross",
        "  条件：传输不超过 {bytes} 字节";
    EXPLAIN_MAX_ROWS: "  provided that no more than {rows} rows are changed",
        "  条件：更改不超过 {rows} 行";
    EXPLAIN_KEEP_COPY: "  provided that a copy of what crosses is kept",
        "  条件：保留所传输内容的副本";
    EXPLAIN_QUORUM: "  allowed by {quorum}: {clauses}",
        "  可由 {quorum} 批准：{clauses}";
    EXPLAIN_NOBODY: "nobody known",
        "未知任何人";
    EXPLAIN_DENIED: "  no quorum allows it: {reason}",
        "  任何法定人数都不能批准：{reason}";
    EXPLAIN_BLAMED: "  in the way: {effect}, since {because}",
        "  阻碍：{effect}，因为 {because}";
    ADVICE_PLAIN: "  instead: write it with plain words and quotes, and give values instead of what the target would compute; docs/policy.md says what is understood",
        "  建议：只使用普通单词和引号，直接给出值，而不是由目标计算；可理解的语法见 docs/policy.md";
    ADVICE_TABLE: "  instead: use a program and options that the command table knows, or add rows for them; docs/policy.md says how",
        "  建议：使用命令表中已有的程序和选项，或为其添加行；方法见 docs/policy.md";
    ADVICE_STATEMENT: "  instead: say what shall happen in statements of its own, without procedures, or functions and settings that are not the server's own; docs/policy.md says what is understood",
        "  建议：直接用语句写明要做的事，不使用存储过程，也不使用非服务器自带的函数和设置；可理解的内容见 docs/policy.md";
    ADVICE_ESCAPE: "  instead: run what it would start as a command of its own, without an interpreter, editor or pager",
        "  建议：直接执行它所启动的命令，不经过解释器、编辑器或分页器";
    ADVICE_PERMIT: "  instead: no policy permits {who} to {act} there; ask for a group that may, or write a permit",
        "  建议：没有策略允许 {who} 在该处执行 {act}；请申请相应的组，或编写一条 permit";
    CASE_FAILED: "FAILED {place}: {who} as {account} on {target}: {what}",
        "失败 {place}：{who} 以 {account} 身份在 {target}：{what}";
    CASE_DIFFERS: "  {what}: expected {expected}, found {actual}",
        "  {what}：期望 {expected}，实际 {actual}";
    CASE_BECAUSE: "  because: {verdict} by {rule}: {why}",
        "  原因：{verdict}，依据 {rule}：{why}";
    CASES_COUNTED: "{passed} cases passed, {failed} failed",
        "{passed} 个用例通过，{failed} 个失败";
    CASE_CHANGED: "{place}: {who} as {account} on {target}: {what}",
        "{place}：{who} 以 {account} 身份在 {target}：{what}";
    CASES_COMPARED: "{changed} of {cases} cases come out differently",
        "{cases} 个用例中有 {changed} 个结果不同";
}
