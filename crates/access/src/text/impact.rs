//! What a statement would reach, in words for whoever signs.

catalogue! {
    HELD_IMPACT: "\n  estimated  {impact}",
        "\n  估计影响  {impact}";
    HELD_LOCKS: "\n  locks      a transaction is open, and keeps while you wait: {locked}; so this waits {seconds} seconds at most",
        "\n  锁        事务尚未结束，等待期间一直持有：{locked}；因此最多等待 {seconds} 秒";
    LOCKED: "whatever it has locked",
        "它所锁定的一切";
    TRANSACTION_FAILED: "The transaction has failed and must be rolled back. In a transaction a statement waits for signatures {seconds} seconds at most, outside of one longer.",
        "事务已失败，必须回滚。事务中的语句最多等待签署 {seconds} 秒，事务之外可等待更久。";
    NO_ESTIMATE: "no estimate: none is made for this kind of database",
        "没有估计：不对此类数据库进行估计";
    IMPACT_DELETES: "deletes {rows} rows of {what}", "删除 {what} 中的 {rows} 行";
    IMPACT_UPDATES: "changes {rows} rows of {what}", "更改 {what} 中的 {rows} 行";
    IMPACT_INSERTS: "adds {rows} rows to {what}", "向 {what} 添加 {rows} 行";
    IMPACT_MERGES: "adds, changes or deletes {rows} rows of {what}", "添加、更改或删除 {what} 中的 {rows} 行";
    IMPACT_EMPTIES: "empties {what}: {rows} rows", "清空 {what}：{rows} 行";
    IMPACT_REMOVES: "removes {what}, {rows} rows", "移除 {what}，{rows} 行";
    IMPACT_CASCADE_REMOVES: "foreign keys delete {rows} rows of {what}", "外键级联删除 {what} 中的 {rows} 行";
    IMPACT_CASCADE_CHANGES: "foreign keys change {rows} rows of {what}", "外键级联更改 {what} 中的 {rows} 行";
    IMPACT_ALL_ROWS: "≈ all {rows}", "约全部 {rows}";
    IMPACT_ROWS_OF: "≈ {rows} (of ≈ {of})", "约 {rows}（共约 {of}）";
    IMPACT_ROWS: "≈ {rows}", "约 {rows}";
    IMPACT_SOME_OF: "nobody knows how many (of ≈ {of})", "数量未知（共约 {of}）";
    IMPACT_SOME: "nobody knows how many", "数量未知";
    IMPACT_SIZE: "; {size} on disk, {indexes} indexes", "；占用磁盘 {size}，索引 {indexes} 个";
    IMPACT_DEPENDENTS: "stands on it: {what}", "依赖于它的对象：{what}";
    IMPACT_TRIGGERS: "triggers there: {what}", "其上的触发器：{what}";
    IMPACT_COPIES: "copies that the server knows of: {replicas} replicas connected; write-ahead log last archived: {archived}",
        "服务器已知的副本：已连接的从库 {replicas} 个；预写日志最近归档：{archived}";
    IMPACT_NEVER: "never", "从未";
    IMPACT_GAP: "no estimate: {why}", "没有估计：{why}";
    STORY_IMPACT: "The approvers read as the database's estimate: {impact}.",
        "批准人看到的数据库估计：{impact}。";
    CHANGED_IMPACT: "it would now reach far more than what was signed ({impact})",
        "其影响现在远超所签署的范围（{impact}）";
}
