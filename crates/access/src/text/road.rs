//! What people read on the road: refusals, holds, the desk, sessions.

catalogue! {
    UNAVAILABLE: "refused: Countersign cannot decide or record at the moment; nothing was run. Tell its operators.",
        "已拒绝：Countersign 目前无法裁决或记录，未执行任何操作。请联系其运维人员。";
    RECORDER_DOWN: "refused: the recorder cannot write ({why}); no session starts until it can. Tell the operators of Countersign.",
        "已拒绝：记录器无法写入（{why}），恢复之前不能开始任何会话。请联系 Countersign 运维人员。";
    RECORDER_ENDED: "countersign: the recorder cannot write, so this session ends here; nothing more will cross",
        "countersign：记录器无法写入，本会话到此结束，不再传输任何数据";
    STOPPING: "countersign: the gateway is being stopped, so this session ends here",
        "countersign：网关正在停止，本会话到此结束";
    IDLE: "countersign: nothing happened for too long, so this session ends here",
        "countersign：长时间没有活动，本会话到此结束";
    SPOOL_FAILED: "countersign: this channel ends: {why}. Tell the operators of Countersign.",
        "countersign：本通道结束：{why}。请联系 Countersign 运维人员。";
    TOO_MANY_REQUESTS: "refused: too many requests before a command",
        "已拒绝：命令之前的请求过多";
    DESK_NO_FILES: "refused: name a target to transfer files: PERSON+ACCOUNT@TARGET@GATEWAY",
        "已拒绝：传输文件请指明目标：PERSON+ACCOUNT@TARGET@GATEWAY";
    DESK_INPUT_LONG: "refused: the standard input is longer than 64 KiB",
        "已拒绝：标准输入超过 64 KiB";
    NOT_ADMITTED: "authentication failed",
        "认证失败";
    NO_SUCH_DESTINATION: "refused: you have no access to {target} as {account}. Ask the owners of that target.",
        "已拒绝：您无权以 {account} 身份访问 {target}。请联系该目标的负责人。";
    NO_SUCH_DATABASE: "refused: you reach no database of the name {target}. See: targets",
        "已拒绝：您没有可访问的名为 {target} 的数据库。请查看：targets";
    DATABASE_USER: "refused: write the user as PERSON+ACCOUNT@DATABASE; see: ssh GATEWAY targets",
        "已拒绝：用户名请写成 PERSON+ACCOUNT@DATABASE；请查看：ssh GATEWAY targets";
    OTHER_DATABASE: "refused: {target} is the database {database} and no other; leave the database's name out",
        "已拒绝：{target} 只对应数据库 {database}；请不要填写其他数据库名";
    NO_REPLICATION: "refused: replication is either true or database",
        "已拒绝：replication 只能是 true 或 database";
    TOO_MANY_ROWS: "refused: it would change {rows} rows, and at most {most} cross without a signature; nothing was changed. Send it again to ask for signatures.",
        "已拒绝：将更改 {rows} 行，而未经签署最多只允许 {most} 行；未作任何更改。如需签署，请再次提交。";
    NOT_SENT: "countersign: by the grammar of PostgreSQL 18 the gateway could not read this, so it was not sent to the server.",
        "countersign：网关按 PostgreSQL 18 的语法无法读懂此文本，因此未发送给服务器。";
    TRANSACTION_READS: "refused: this transaction began by reading and cannot be taken over by {account}: it has an open cursor, or keeps to what it saw at its beginning. Roll it back, and write in a transaction of its own.",
        "已拒绝：此事务以只读开始，无法由 {account} 接手：它有打开的游标，或只看开始时的数据。请回滚，并在单独的事务中写入。";
    OTHER_ACCOUNT_LATER: "countersign: signed for, but the database does not let the gateway in as {account}, as which this runs. Nothing has run, and no signature is used up; trying again.",
        "countersign：已完成签署，但数据库不允许网关以 {account} 身份登录，而此语句须以该身份运行。尚未执行，签署未被使用；正在重试。";
    OTHER_ACCOUNT_AWAY: "refused: the database does not let the gateway in as the account that this statement runs as; nothing was run. An administrator finds the reason in the gateway's log.",
        "已拒绝：数据库不接受网关以执行该语句的账户登录；未执行任何操作。管理员可在网关日志中查看原因。";
    SETTING_REFUSED: "refused: the setting {setting} cannot be given when connecting; leave it out",
        "已拒绝：连接时不能设置 {setting}；请去掉它";
    TICKET_HINT: "Use a ticket as password: ssh GATEWAY ticket {target}",
        "请用票据作为密码：ssh GATEWAY ticket {target}";
    TICKET_BOUNDS: "refused: a ticket counts for 10 seconds to {hours} hours and opens 1 to {uses} connections",
        "已拒绝：票据的有效期须为 10 秒至 {hours} 小时，可打开 1 至 {uses} 个连接";
    SUSPENDED: "refused: your access is suspended. Ask a security administrator.",
        "已拒绝：您的访问权限已被暂停。请联系安全管理员。";
    KEY_REVOKED: "refused: the key that you came in with ({key}) is no longer enrolled for you. Connect with another, or ask a security administrator.",
        "已拒绝：您登录所用的密钥（{key}）已不再登记在您名下。请改用其他密钥，或联系安全管理员。";
    PLACE_CHANGED: "refused: {target}, its host key or its account {account} changed after this session began. Nothing has run; connect again.",
        "已拒绝：本会话开始之后，{target}、其主机密钥或账户 {account} 已变更。未执行任何操作，请重新连接。";
    SESSION_OVER: "refused: this session is over. Nothing has run; connect again.",
        "已拒绝：本会话已结束，未执行任何操作。请重新连接。";
    DENIED: "refused: {what} on {target} is not allowed ({rule}): {reason}. Ask the owners of that target.",
        "已拒绝：不允许在 {target} 上执行 {what}（{rule}）：{reason}。请联系该目标的负责人。";
    NOT_UNDERSTOOD: "refused: not understood, so not run: {what}. Write it with plain words and quotes; see docs/policy.md.",
        "已拒绝：无法理解，因此未执行：{what}。请只使用普通单词和引号，参见 docs/policy.md。";
    NO_SHELL: "refused: no policy lets you open a shell on {target}. Ask the owners of that target, or send one command: ssh … 'command'.",
        "已拒绝：没有策略允许您在 {target} 上打开 shell。请联系该目标的负责人，或发送单条命令：ssh … '命令'。";
    NO_SFTP: "refused: no policy lets you transfer files with {target} by SFTP. Ask the owners of that target.",
        "已拒绝：没有策略允许您通过 SFTP 与 {target} 传输文件。请联系该目标的负责人。";
    FORWARD_NEVER: "refused: no forwarding to {to}: {why}. No policy can permit it.",
        "已拒绝：不能转发到 {to}：{why}。任何策略都不能允许。";
    FORWARD_OWN_HOST: "it could lead back to the gateway's own machine",
        "可能指回网关所在的主机";
    TO_NO_HOST: "it is not a host name or an address", "不是主机名或地址";
    TO_NO_ADDRESS: "it is a number, but not an address", "是数字，但不是地址";
    TO_NO_PORT: "it is not a TCP port", "不是 TCP 端口";
    TO_UNSPECIFIED: "it is an unspecified address", "是未指定地址";
    TO_LINK_LOCAL: "it is a link-local address", "是链路本地地址";
    TO_MANY: "it is a multicast, broadcast or reserved address", "是组播、广播或保留地址";
    TO_METADATA: "it is a cloud's metadata service", "是云平台的元数据服务";
    TO_DISGUISED: "it is an IPv6 address that stands for another one; name that one", "是代表另一地址的 IPv6 地址；请直接使用该地址";
    TO_NO_PATH: "it is not the full path of a socket, without `.`, `..` and doubled slashes", "不是套接字的完整路径（不得含 `.`、`..` 或重复的斜杠）";
    FORWARD_LIMIT: "refused: {limit} forwardings are open in this session already; close one and try again",
        "已拒绝：本会话已打开 {limit} 个转发；请先关闭一个再重试";
    FORWARD_UNSEEN: "refused: this forwarding needs the approval of other people (request {request}, given up), and no channel of this session could tell you so. Connect with a command or shell in it, without -N or -W, and try again.",
        "已拒绝：该转发需要他人批准（请求 {request}，已放弃），而本会话没有可以通知您的通道。请在连接中打开命令或 shell（不使用 -N 或 -W）后重试。";
    FORWARD_TARGET: "{target} does not connect to {to}: {why}",
        "{target} 无法连接到 {to}：{why}";
    FORWARD_IDLE: "countersign: nothing crossed the forwarding to {to} for too long, so it is closed",
        "countersign：到 {to} 的转发长时间没有数据，已关闭";
    FORWARD_NOT_CARRIED: "refused: the policies permit {what} here, but this version of Countersign does not carry it; it was recorded",
        "已拒绝：策略允许此处的 {what}，但本版本的 Countersign 尚不支持；该请求已被记录";
    REMOTE_IDE: "refused: {target} is command-gated. Remote IDE servers, and scripts on the standard input of a shell, run commands that nobody can judge. Send single commands, copy files with sftp, or use a target of level recorded; ask the owners of {target}.",
        "已拒绝：{target} 为 command-gated 级别。远程 IDE 服务端以及从标准输入读取脚本的 shell 会执行无法裁决的命令。请发送单条命令、使用 sftp 传输文件，或改用 recorded 级别的目标；请联系 {target} 的负责人。";
    NOT_ON_OFFER: "refused: {what} is not on offer here; it was recorded",
        "已拒绝：此处不提供 {what}；该请求已被记录";
    GREETING: "countersign: {target} ({labels}) as {account}, level {level}: {meaning}. Session {session} is recorded.",
        "countersign：{target}（{labels}），账户 {account}，级别 {level}：{meaning}。会话 {session} 正在录制。";
    LEVEL_RECORDED: "everything is recorded, commands are not gated",
        "全程录制，不拦截命令";
    LEVEL_COUNTED: "each connection is judged; its bytes are counted, not read",
        "每个连接都会被裁决；只统计字节数，不读取内容";
    LEVEL_GATED: "every command is judged before it runs",
        "每条命令在执行前都会裁决";
    LEVEL_STATEMENTS: "every statement is judged with its parameters before it runs",
        "每条语句连同参数在执行前都会被裁决";
    LEVEL_OTHER: "not enforced by this version",
        "本版本尚未实施";
    HELD: "countersign: HELD as request {request} on {target} ({labels}) as {account}. Nothing has run.\n  would run  {run}\n  because    {effects}\n  needs      {needs}\n  until      {until}, then it lapses\n  approvers  ssh GATEWAY show {request}",
        "countersign：已挂起，请求 {request}，目标 {target}（{labels}），账户 {account}。尚未执行任何操作。\n  将执行    {run}\n  原因      {effects}\n  需要      {needs}\n  截止      {until}，逾期失效\n  审批人    ssh GATEWAY show {request}";
    STDIN_CLOSED: "  stdin      closed: what you type is not part of what is approved",
        "  标准输入  已关闭：您输入的内容不在审批范围内";
    WAITING: "countersign: request {request}: {signed} signed; waiting for {missing}",
        "countersign：请求 {request}：已签署 {signed}；等待 {missing}";
    NOBODY: "nobody has",
        "尚无人";
    APPROVED: "countersign: request {request} approved by {who}; running now, once",
        "countersign：请求 {request} 已由 {who} 批准；现在执行，仅此一次";
    ENDED_DENIED: "refused: request {request} was denied by {who}. Nothing has run.",
        "已拒绝：请求 {request} 被 {who} 否决，未执行任何操作。";
    ENDED_EXPIRED: "refused: request {request} lapsed without enough signatures. Nothing has run; ask again if it is still needed.",
        "已拒绝：请求 {request} 因签名不足而失效，未执行任何操作；如仍需要请重新提交。";
    STAYS: "refused for now: request {request} waits for other people until {until}. Nothing has run. Once it is approved, send exactly the same statement again: it passes once.",
        "暂时拒绝：请求 {request} 等待他人审批，截止 {until}。尚未执行任何操作。批准后，请再次发送完全相同的语句：仅放行一次。";
    ENDED_ABANDONED: "request {request} was given up. Nothing has run.",
        "请求 {request} 已放弃，未执行任何操作。";
    ENDED_USED: "refused: request {request} was used already; an approval serves once.",
        "已拒绝：请求 {request} 已被使用，批准仅一次有效。";
    ENDED_REFUSED: "refused: request {request} cannot run any more: {why}. Nothing has run; ask again.",
        "已拒绝：请求 {request} 不能再执行：{why}。未执行任何操作，请重新提交。";
    CHANGED_POLICY: "the policies changed after it was made", "提交之后策略已变更";
    CHANGED_ACT: "what would run is not what was signed", "将执行的内容与签署的内容不一致";
    CHANGED_PEOPLE: "the signatures that remain valid are not enough ({missing})", "仍然有效的签名数量不足（{missing}）";
    NO_REQUEST: "refused: there is no request {request} that you may see",
        "已拒绝：没有您可以查看的请求 {request}";
    NOT_WAITING: "refused: request {request} is {state} already",
        "已拒绝：请求 {request} 已处于 {state} 状态";
    OWN_REQUEST: "refused: request {request} is your own; somebody else must answer it",
        "已拒绝：请求 {request} 是您本人提交的，必须由他人答复";
    NOT_APPROVER: "refused: request {request} needs {needs}, and you are in none of those groups",
        "已拒绝：请求 {request} 需要 {needs}，您不属于其中任何一组";
    ANSWERED_ALREADY: "refused: you have answered request {request} already; a person counts once, whichever key signs",
        "已拒绝：您已答复过请求 {request}；无论使用哪个密钥，每人只计一次";
    BAD_SIGNATURE: "refused: {why}. Sign exactly what `show {request} --statement {answer}` prints: ssh-keygen -Y sign -n countersign -f KEY",
        "已拒绝：{why}。请对 `show {request} --statement {answer}` 的输出签名：ssh-keygen -Y sign -n countersign -f KEY";
    OTHER_ANSWER: "the signature says {signed}, the command says {answer}",
        "签名内容为 {signed}，而命令为 {answer}";
    KEY_NOT_ENROLLED: "refused: key {key} is not enrolled for you, or has expired; an administrator enrols it with `countersign admin key add`",
        "已拒绝：密钥 {key} 未登记在您名下，或已到期；请管理员执行 `countersign admin key add` 登记";
    DECIDED_APPROVE: "request {request}: your approval is recorded. {missing}",
        "请求 {request}：您的批准已记录。{missing}";
    DECIDED_DENY: "request {request}: denied. Nothing will run.",
        "请求 {request}：已否决，不会执行任何操作。";
    QUORUM_MET: "The quorum is met: it runs now, in the requester's session.",
        "已达到法定人数：现在将在申请人的会话中执行。";
    STILL_NEEDS: "Still needed: {missing}.",
        "仍需要：{missing}。";
    NO_REQUESTS: "nothing waits for you",
        "没有等待您处理的请求";
    REQUESTS_HEADER: "REQUEST  STATE      TARGET    ACCOUNT   WHO       UNTIL                    WOULD RUN",
        "请求     状态       目标      账户      申请人    截止                     将执行";
    SHOW: "request {request} ({state})\n  TARGET     {target}   {labels}\n  account    {account}\n  asked by   {who}, {created}\n  would run  {run}\n  effects    {effects}\n  needs      {needs}\n  signed     {signed}\n  until      {until}\n  session    {session}\n  digest     sha256:{digest}",
        "请求 {request}（{state}）\n  目标      {target}   {labels}\n  账户      {account}\n  申请人    {who}，{created}\n  将执行    {run}\n  影响      {effects}\n  需要      {needs}\n  已签署    {signed}\n  截止      {until}\n  会话      {session}\n  摘要      sha256:{digest}";
    SHOW_HOW: "\nto approve:  ssh GATEWAY show {request} --statement approve | ssh-keygen -Y sign -n countersign -f KEY | ssh GATEWAY approve {request}\nto refuse:   the same with deny",
        "\n批准：  ssh GATEWAY show {request} --statement approve | ssh-keygen -Y sign -n countersign -f KEY | ssh GATEWAY approve {request}\n否决：  将上述 approve 换成 deny";
    DESK_USAGE: "refused: usage: {usage}",
        "已拒绝：用法：{usage}";
    HOST_KEY_CHANGED: "refused: {target} answered with another host key ({seen}) than the pinned one ({pinned}). This may be an attack. After checking out of band, an administrator runs: countersign admin target set-host-key {target} --host-key KEY",
        "已拒绝：{target} 的主机密钥（{seen}）与登记的密钥（{pinned}）不一致，可能是攻击。经线下核实后，由管理员执行：countersign admin target set-host-key {target} --host-key KEY";
    TARGET_UNREACHABLE: "refused: {target} does not answer ({why}). Nothing was run.",
        "已拒绝：{target} 无响应（{why}）。未执行任何操作。";
    TARGET_AUTH_FAILED: "refused: {target} does not accept the gateway's credential for {account}. An administrator renews it with: countersign admin account add",
        "已拒绝：{target} 不接受网关的 {account} 凭据。请管理员执行 countersign admin account add 更新。";
    TARGET_SILENT: "refused: {target} does not answer within {seconds} s; it may be down, or a firewall in between. Nothing was run.",
        "已拒绝：{target} 在 {seconds} 秒内无响应；可能已停机或被防火墙阻断。未执行任何操作。";
    TARGET_RECORD: "refused: the gateway's {what} for {target} cannot be read. An administrator must repair it.",
        "已拒绝：无法读取网关为 {target} 保存的 {what}。请管理员修复。";
    TARGET_HUNG_UP: "refused: {target} ended the connection while it was being set up. Nothing was run; try again.",
        "已拒绝：{target} 在建立连接时断开。未执行任何操作，请重试。";
    TARGET_INSECURE: "refused: no secure connection to {target}: {why}. Nothing was run.",
        "已拒绝：无法与 {target} 建立安全连接：{why}。未执行任何操作。";
    TARGET_LOST: "countersign: the connection to the target was lost",
        "countersign：与目标的连接已断开";
    TARGET_NO_CHANNEL: "refused: {target} opens no further channel. Nothing was run.",
        "已拒绝：{target} 不再打开新的通道。未执行任何操作。";
    TARGET_NO_START: "refused: {target} does not start it. Nothing was run.",
        "已拒绝：{target} 拒绝启动。未执行任何操作。";
    TARGET_CLOSED: "refused: {target} closed the channel before it started",
        "已拒绝：{target} 在启动之前关闭了通道";
    TARGET_NO_TERMINAL: "countersign: {target} gives no terminal",
        "countersign：{target} 不提供终端";
    FILE_UNREADABLE: "refused: this path is no plain text (UTF-8 without control characters, at most 4096 bytes and 128 folders), so nobody could judge it. Rename it on {target}.",
        "已拒绝：该路径不是纯文本（UTF-8、无控制字符、最多 4096 字节和 128 级目录），无法裁决。请在 {target} 上重命名。";
    FILE_MOVED: "refused: {path} on {target} was exchanged while it was being used: a link or another file took its place. What had begun was ended; look at it before trying again.",
        "已拒绝：{target} 上的 {path} 在使用过程中被替换为链接或其他文件。已开始的操作已终止，请检查后再试。";
    FILE_UNRESOLVED: "refused: {target} does not say where {path} really leads, so it cannot be judged",
        "已拒绝：{target} 未说明 {path} 实际指向何处，因此无法裁决";
    FILE_MISSING: "there is no {path} on {target}",
        "{target} 上没有 {path}";
    FILE_EXISTS: "{path} exists already on {target}",
        "{target} 上已存在 {path}";
    FILE_NOT_REGULAR: "{path} on {target} is no regular file",
        "{target} 上的 {path} 不是普通文件";
    FILE_NOT_FOLDER: "{path} on {target} is no directory",
        "{target} 上的 {path} 不是目录";
    FILE_UNSUPPORTED: "refused: {what} is not supported for {target}",
        "已拒绝：{target} 不支持 {what}";
    FILE_BAD_HANDLE: "this handle is not open for that",
        "该句柄未为此操作打开";
    FILE_TOO_MANY: "refused: {most} files are open on this channel; close some",
        "已拒绝：本通道已打开 {most} 个文件，请先关闭一些";
    FILE_EXTENDS_ONLY: "refused: what is in {path} on {target} already may be extended, not changed",
        "已拒绝：{target} 上 {path} 的已有内容只能追加，不能修改";
    FILE_LIMIT: "refused: {path} on {target}: policy lets {limit} bytes of one file cross, and no more",
        "已拒绝：{target} 上的 {path}：策略只允许单个文件传输 {limit} 字节";
    FILE_STRANGE: "refused: {target} answered what does not fit the question",
        "已拒绝：{target} 的应答与请求不符";
    FILE_MALFORMED: "refused: the client sent what is not understood as SFTP ({why}); the channel ends",
        "已拒绝：客户端发送了无法理解的 SFTP 数据（{why}），通道结束";
    FILE_FAR_MALFORMED: "refused: {target} sent what is not understood as SFTP ({why}); the channel ends",
        "已拒绝：{target} 发送了无法理解的 SFTP 数据（{why}），通道结束";
    SHELL_WELCOME: "Each line is judged before it runs. help: what this shell can do; why: the last verdict; exit: leave.",
        "每行命令在执行前都会裁决。help：本 shell 的功能；why：上一次裁决；exit：离开。";
    SHELL_HELP: "Lines run on the target once they are judged; nothing of a refused line is sent there.\n  cd [DIR|-]            change the directory\n  NAME=VALUE            a variable for the lines of this shell; unset NAME\n  export NAME=VALUE     a variable that programs see\n  umask OCTAL           permission bits that new files do not get\n  run FILE              run a script of the target by its content\n  why                   the last verdict: structure, effects, rules\n  request               the last held request, and how to ask for more\n  history               submitted lines; Ctrl-R searches them\n  exit STATUS           leave; Ctrl-D does the same\nNot here: aliases, functions, source, eval, background jobs, Ctrl-Z.",
        "命令行经裁决后在目标上执行；被拒绝的命令不会向目标发送任何内容。\n  cd [目录|-]            切换目录\n  NAME=VALUE            本 shell 各行可用的变量；unset NAME\n  export NAME=VALUE     程序可见的变量\n  umask [八进制]         新文件不具有的权限位\n  run 文件               按内容执行目标上的脚本\n  why                   上一次裁决：结构、影响、规则\n  request               上一个挂起的请求，以及如何申请\n  history               已提交的命令；Ctrl-R 搜索\n  exit [状态]            离开；Ctrl-D 相同\n此处不提供：别名、函数、source、eval、后台作业、Ctrl-Z。";
    SHELL_NO_ALIAS: "refused: this shell has no aliases; what a name stands for would not be judged. Write the command itself.",
        "已拒绝：本 shell 没有别名，因为别名所代表的内容不会被裁决。请直接书写命令。";
    SHELL_NO_SOURCE: "refused: this shell does not read commands from files. Use run FILE, which judges every command in it.",
        "已拒绝：本 shell 不从文件读入命令。请使用 run 文件，其中每条命令都会被裁决。";
    SHELL_NO_EVAL: "refused: eval would run text that nobody has judged. Write the command itself.",
        "已拒绝：eval 会执行未经裁决的文本。请直接书写命令。";
    SHELL_NO_JOBS: "refused: this shell has no background jobs and nothing to suspend; open a second session for a second command.",
        "已拒绝：本 shell 没有后台作业，也不能挂起程序；请为第二条命令另开会话。";
    SHELL_NO_FUNCTION: "refused: this shell has no functions; what a name stands for would not be judged. Use run FILE for a script.",
        "已拒绝：本 shell 没有函数，因为函数所代表的内容不会被裁决。脚本请使用 run 文件。";
    SHELL_UNKNOWN_VARIABLE: "refused: this shell does not know {name}; set it with {name}=VALUE. Nothing was run.",
        "已拒绝：本 shell 不知道变量 {name}；请用 {name}=VALUE 设置。未执行任何操作。";
    SHELL_NO_DIRECTORY: "cd: there is no such directory to go back to",
        "cd：没有可返回的目录";
    SHELL_CD_FAILED: "cd: {path} cannot be entered",
        "cd：无法进入 {path}";
    SHELL_CD_UNREADABLE: "cd: {path} leads to a name that cannot be shown as it is, so lines there could not be judged",
        "cd：{path} 指向的名称无法如实显示，因此无法裁决在其中执行的命令";
    SHELL_NO_ANSWER: "the target does not answer in time; nothing changed",
        "目标未及时响应；没有任何变化";
    SHELL_NOT_EXPORTED: "refused: {name} could change which program runs or what it loads, or its value is not one that it takes, so it is not handed to programs. For the lines of this shell write {name}=VALUE without export.",
        "已拒绝：{name} 可能改变所执行的程序或其加载的内容，或该值不被接受，因此不会传给程序。如仅供本 shell 使用，请写 {name}=VALUE，不加 export。";
    SHELL_NOT_KEPT: "refused: the value of {name} holds characters that do not show, or is too long",
        "已拒绝：{name} 的值含有不可见字符，或过长";
    SHELL_NOTHING_JUDGED: "nothing has been judged yet",
        "尚无任何裁决";
    SHELL_REQUEST: "To ask for something, submit the line: if people can approve it, it waits here, and you see who has signed. Ctrl-C gives it up. What no one can approve is refused at once, with the rule; ask the owners of that target.",
        "如需申请，请直接提交该命令：可由他人批准的会在此等待，并显示已签署者；Ctrl-C 放弃。无人可以批准的会立即拒绝并注明规则；请联系该目标的负责人。";
    SHELL_SCRIPT: "{path}: sha256:{hash}; exactly this content is judged and run",
        "{path}：sha256:{hash}；裁决并执行的正是此内容";
    SHELL_SCRIPT_LONG: "refused: {path} is longer than 64 KiB; nothing was run",
        "已拒绝：{path} 超过 64 KiB；未执行任何操作";
    SHELL_SCRIPT_UNREADABLE: "refused: {path} cannot be read; nothing was run",
        "已拒绝：无法读取 {path}；未执行任何操作";
    SHELL_LINE_LONG: "refused: that is longer than 64 KiB; nothing was run",
        "已拒绝：超过 64 KiB；未执行任何操作";
    SHELL_SIGNALLED: "ended by signal {signal}",
        "被信号 {signal} 终止";
    CODE_PROMPT: "Verification code: ",
        "验证码：";
    FACTS_NOT_STATE: "countersign: the node's state does not know {name}, so the gateway would refuse; what options or facts.toml say is taken",
        "countersign：节点状态中没有 {name}，网关会拒绝；此处采用选项或 facts.toml 中的信息";
}
